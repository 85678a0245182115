#include "lib/process/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <tuple>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/process/warden.h"

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 does not say so itself
}

namespace rk {
namespace {

constexpr unsigned kFirstOther = 3;  // after stdin, stdout and stderr

bool IsSetting(std::string_view entry, std::string_view name) {
  return entry.starts_with(name) && entry.substr(name.size()).starts_with('=');
}

std::vector<std::string> EnvironmentFor(const Program& program) {
  std::vector<std::string> entries;
  const bool own_directory = !program.runtime_dir.empty();
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (IsSetting(*entry, "NOTIFY_SOCKET") || IsSetting(*entry, "WATCHDOG_USEC")) continue;
    if (own_directory && IsSetting(*entry, "RK_RUNTIME_DIR")) continue;
    entries.emplace_back(*entry);
  }
  if (own_directory) entries.push_back("RK_RUNTIME_DIR=" + program.runtime_dir);
  if (!program.setting.empty()) entries.push_back(program.setting);
  return entries;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

void UnblockSignals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
}

// In the child, where other threads may have died holding any lock: only what is safe after
// fork(2).
void Become(const Program& program, pid_t parent, char** argv, char** environment) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);  // it died before the line above
  if (!program.with_descendants) setpgid(0, 0);
  const int input =
      program.stdin_fd < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : program.stdin_fd;
  if (input < 0 || dup2(input, STDIN_FILENO) < 0) return;
  if (program.stdout_fd != STDOUT_FILENO && dup2(program.stdout_fd, STDOUT_FILENO) < 0) return;
  close_range(kFirstOther, ~0U, CLOSE_RANGE_CLOEXEC);
  if (program.kept_fd >= 0) fcntl(program.kept_fd, F_SETFD, 0);
  UnblockSignals();
  execvpe(program.file.empty() ? argv[0] : program.file.c_str(), argv, environment);
}

[[noreturn]] void RefuseProgram(const std::string& name, int reason) {
  throw Error(reason == ENOMEM ? ErrorKind::kUnavailable : ErrorKind::kMissing,
              fmt::format("cannot run {}: {}{}", name, std::strerror(reason),
                          reason == ENOENT ? "; is it installed, and in PATH?" : ""));
}

// What the child says if it cannot become the program; its end is closed when it does.
int ReadFailure(int fd) {
  int reason = 0;
  while (read(fd, &reason, sizeof reason) < 0 && errno == EINTR) {
  }
  return reason;
}

}  // namespace

std::pair<Descriptor, Descriptor> MakePipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) == 0) return {Descriptor(fds[0]), Descriptor(fds[1])};
  throw Error(ErrorKind::kIo, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
}

Process::Process(const Program& program) : with_descendants_(program.with_descendants) {
  std::vector<std::string> arguments = program.argv;
  std::vector<std::string> settings = EnvironmentFor(program);
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> environment = Pointers(settings);
  auto [failure, report] = MakePipe();
  Descriptor wardens_end;
  if (program.with_descendants) std::tie(wardens_end, alive_) = MakePipe();
  pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    if (program.with_descendants) parent = getpid();
    if (!program.with_descendants || ForkUnderWarden(wardens_end.fd()) == 0) {
      Become(program, parent, const_cast<char**>(argv.data()),
             const_cast<char**>(environment.data()));
    }
    const int reason = errno;
    (void)!write(report.fd(), &reason, sizeof reason);
    _exit(127);
  }
  if (pid_ < 0) {
    throw Error(ErrorKind::kUnavailable,
                fmt::format("cannot start {}: {}", arguments[0], std::strerror(errno)));
  }
  pidfd_ = Descriptor(pidfd_open(pid_, 0));
  report.Close();
  const int reason = ReadFailure(failure.fd());
  if (reason == 0 && pidfd_.fd() >= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  if (reason != 0) RefuseProgram(arguments[0], reason);
  throw Error(ErrorKind::kUnavailable, "no file descriptor is left: ulimit -n");
}

Process::~Process() {
  Kill();
  if (!status_) waitpid(pid_, nullptr, 0);
  if (with_descendants_) kill(-pid_, SIGKILL);  // what a warden that was killed could not
}

void Process::Signal(int signal) {
  if (!status_) kill(pid_, signal);
}

void Process::Kill() { with_descendants_ ? alive_.Close() : Signal(SIGKILL); }

std::optional<int> Process::TryReap() {
  int status = 0;
  if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) {
    status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  return status_;
}

}  // namespace rk
