#pragma once

#include <string>

#include "lib/write/writer.h"

namespace CLI {
class App;
}

namespace rk {

/// WriterOptions, as a command line says them.
struct WriterFlags {
  std::string max_failed;
  bool unordered = false;
  std::string on_broker_down = "exit";
};

/// --max-failed, --unordered, --on-broker-down.
void AddWriterFlags(CLI::App& app, WriterFlags& flags);

/// Throws Error(kUsage).
WriterOptions MakeWriterOptions(const WriterFlags& flags);

}  // namespace rk
