#include "lib/stage/link_options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "lib/batch/error.h"
#include "lib/link/pipe.h"

namespace rk {
namespace {

void RequirePipe(const std::string& option, const std::string& endpoint) {
  if (endpoint == "-") return;
  throw Error(ErrorKind::kUsage,
              option + " " + endpoint + ": no such endpoint; '-' is the pipe, and the default");
}

}  // namespace

void AddInputOptions(CLI::App& app, LinkOptions& options) {
  app.add_option("--in", options.in, "where frames come from")->option_text("ENDPOINT=-");
  app.add_option("--max-frame", options.max_frame, "the largest frame taken, in bytes")
      ->option_text("SIZE=64MiB")
      ->transform(CLI::AsSizeValue(false));
}

void AddOutputOptions(CLI::App& app, LinkOptions& options) {
  app.add_option("--out", options.out, "where frames go")->option_text("ENDPOINT=-");
}

std::unique_ptr<Source> OpenSource(const LinkOptions& options) {
  RequirePipe("--in", options.in);
  return std::make_unique<PipeSource>(STDIN_FILENO, options.max_frame);
}

std::unique_ptr<Sink> OpenSink(const LinkOptions& options) {
  RequirePipe("--out", options.out);
  return std::make_unique<PipeSink>(STDOUT_FILENO);
}

}  // namespace rk
