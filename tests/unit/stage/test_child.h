#pragma once

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <iostream>
#include <string>

#include "tests/unit/link/test_pipe.h"

namespace rk {

/// A child process that runs `body` with its stdout and stderr caught, and exits with what that
/// returns. Killed and reaped at the latest by the destructor.
class TestChild {
 public:
  explicit TestChild(const std::function<int()>& body) : pid_(Fork()) {
    if (pid_ == 0) {
      // As a shell starts a program, not as the test runner or an earlier test left things.
      for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) std::signal(signal, SIG_DFL);
      dup2(out_.out(), STDOUT_FILENO);
      dup2(err_.out(), STDERR_FILENO);
      _exit(body());
    }
    out_.CloseOut();
    err_.CloseOut();
  }
  ~TestChild() {
    if (reaped_) return;
    Signal(SIGKILL);
    Wait();
  }
  TestChild(const TestChild&) = delete;
  TestChild& operator=(const TestChild&) = delete;

  void Signal(int signal) const { kill(pid_, signal); }

  /// Waits until `text` has come on stderr; false if the child ended before, or after 5 s.
  bool AwaitErr(const std::string& text) {
    while (err_text_.find(text) == std::string::npos) {
      pollfd waiting = {err_.in(), POLLIN, 0};
      if (poll(&waiting, 1, 5000) != 1 || !ReadSome(err_, err_text_)) return false;
    }
    return true;
  }

  /// Its exit status, or 128 and the signal that ended it.
  int Wait() {
    while (ReadSome(out_, out_text_)) continue;
    while (ReadSome(err_, err_text_)) continue;
    int status = 0;
    waitpid(pid_, &status, 0);
    reaped_ = true;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  /// What it has written, all of it after Wait().
  const std::string& out() const { return out_text_; }
  const std::string& err() const { return err_text_; }

 private:
  // What Catch has printed and not flushed yet must not come out of the child too.
  static pid_t Fork() {
    std::cout.flush();
    return fork();
  }

  static bool ReadSome(const TestPipe& pipe, std::string& text) {
    char bytes[4096];
    const ssize_t count = read(pipe.in(), bytes, sizeof bytes);
    if (count > 0) text.append(bytes, static_cast<size_t>(count));
    return count > 0;
  }

  TestPipe out_;
  TestPipe err_;
  pid_t pid_;
  bool reaped_ = false;
  std::string out_text_;
  std::string err_text_;
};

}  // namespace rk
