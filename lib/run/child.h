#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/run/wiring.h"

namespace rk {

/// A process of a pipeline as its supervisor sees it. One thread.
class Child {
 public:
  virtual ~Child() = default;

  virtual pid_t pid() const = 0;
  /// Does nothing once it is reaped.
  virtual void Signal(int signal) = 0;
  /// Its exit status, 128 + n for death by signal n, once it is dead; never blocks.
  virtual std::optional<int> TryReap() = 0;
  /// The lines that it has written to its --status-fd since the last call; never blocks.
  virtual std::vector<std::string> ReadLines() = 0;
  /// For POLLIN: readable once it is dead.
  virtual int exit_fd() const = 0;
  /// For POLLIN: readable when it has written; -1 once it has closed its end.
  virtual int status_fd() const = 0;
};

using StartChild = std::function<std::unique_ptr<Child>(const ProcessSpec& spec)>;

/// Starts real processes (Process, lib/process/spawn.h) of the pipeline of that name with their
/// --status-fd, `runtime_dir`, and RK_STAGE. Destroying one kills it. What it starts throws
/// Error(kMissing) if there is no such program.
StartChild ChildStarter(std::string pipeline, std::string runtime_dir);

}  // namespace rk
