#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/descriptor.h"
#include "lib/process/group_warden.h"

namespace rk {

/// What is to run, and how it stands in the world.
struct Program {
  std::vector<std::string> argv;  ///< argv[0] is looked for in PATH
  std::string runtime_dir;        ///< its RK_RUNTIME_DIR; empty: as it is here
  std::string setting;            ///< NAME=VALUE, beside its environment as it is here
  int stdin_fd = -1;              ///< -1: it has nothing to read (/dev/null)
  int stdout_fd = STDOUT_FILENO;
  /// What it has started dies with this process too, and is signalled with it, as long as it stays
  /// in its process group (GroupWarden).
  bool whole_group = false;
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
  /// Kills it if it still runs, and waits for that; of a whole group also what is left of it.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  /// For POLLIN: readable once it is dead.
  int exit_fd() const { return pidfd_.fd(); }
  /// Does nothing once it is reaped.
  void Signal(int signal);
  /// Its exit status, 128 + n for death by signal n, once it is dead; never blocks.
  std::optional<int> TryReap();

 private:
  pid_t pid_ = -1;
  Descriptor pidfd_;
  std::optional<int> status_;
  std::unique_ptr<GroupWarden> warden_;  ///< null: only the process itself is ours
};

/// Both ends are closed at exec: first the one to read from, then the one to write to. Throws
/// Error(kIo).
std::pair<Descriptor, Descriptor> MakePipe();

}  // namespace rk
