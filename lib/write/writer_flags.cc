#include "lib/write/writer_flags.h"

#include <CLI/CLI.hpp>

#include "lib/stage/option_value.h"

namespace rk {

void AddWriterFlags(CLI::App& app, WriterFlags& flags) {
  app.add_option("--max-failed", flags.max_failed, "exit 65 if more records fail")
      ->option_text("N|P%");
  app.add_flag("--unordered", flags.unordered, "write batches as they arrive, in any order");
  app.add_option("--on-broker-down", flags.on_broker_down, "after 60 s: exit, or retry forever")
      ->transform(OneOf({"exit", "retry"}))
      ->option_text("WHAT=exit");
}

WriterOptions MakeWriterOptions(const WriterFlags& flags) {
  WriterOptions options;
  options.ordered = !flags.unordered;
  if (flags.on_broker_down == "retry") options.give_up_after.reset();
  if (!flags.max_failed.empty()) options.max_failed = FailureLimit::Parse(flags.max_failed);
  return options;
}

}  // namespace rk
