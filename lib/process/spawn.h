#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/descriptor.h"

namespace rk {

/// What is to run, and how it stands in the world.
struct Program {
  std::vector<std::string> argv;
  std::string runtime_dir = {};  ///< its RK_RUNTIME_DIR; empty: as it is here
  std::string setting = {};      ///< NAME=VALUE, beside its environment as it is here
  std::string file = {};         ///< of the program; empty: argv[0] is looked for in PATH
  int stdin_fd = -1;             ///< -1: it has nothing to read (/dev/null)
  int stdout_fd = STDOUT_FILENO;
  /// What it has started dies with it, and with this process, even if that is killed; by way of a
  /// warden (lib/process/warden.h), which has this Process's pid.
  bool with_descendants = false;
  int kept_fd = -1;  ///< the one descriptor beside 0, 1 and 2 that it inherits, under this number
};

/// A child process that cannot outlive the thread that started it: the kernel kills it then
/// (PR_SET_PDEATHSIG), so start it from a thread that lives as long as the process. It stands in a
/// process group of its own, since Ctrl-C is for its supervisor, which knows the order to stop in;
/// it starts with no signal blocked and SIGPIPE as usual, inherits stderr and knows nothing of
/// systemd's NOTIFY_SOCKET. One thread.
class Process {
 public:
  /// Throws Error(kMissing) naming the program if there is none, Error(kUnavailable) if the machine
  /// has no room for another process.
  explicit Process(const Program& program);
  /// Kills it if it still runs, and waits for that.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  /// For POLLIN: readable once it is dead.
  int exit_fd() const { return pidfd_.fd(); }
  /// Does nothing once it is reaped. Not for one with descendants.
  void Signal(int signal);
  /// At once; with its descendants, where they are its own.
  void Kill();
  /// Its exit status, 128 + n for death by signal n, once it is dead; never blocks.
  std::optional<int> TryReap();

 private:
  pid_t pid_ = -1;
  Descriptor pidfd_;
  std::optional<int> status_;
  bool with_descendants_;
  Descriptor alive_;  ///< its end is the sign for the warden
};

/// Both ends are closed at exec: first the one to read from, then the one to write to. Throws
/// Error(kIo).
std::pair<Descriptor, Descriptor> MakePipe();

}  // namespace rk
