#include "lib/ends/window.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/batch/error.h"

namespace rk {

Window::Window(Ledger::Limits limits)
    : ledger_(limits), wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (wake_fd_ < 0) throw Error(ErrorKind::kIo, "cannot create an eventfd: out of descriptors?");
}

Window::~Window() { close(wake_fd_); }

void Window::WakeIfAsked() {
  const uint64_t one = 1;
  if (std::exchange(wake_asked_, false)) (void)!write(wake_fd_, &one, sizeof one);
}

void Window::Changed() {
  {
    const std::lock_guard lock(mutex_);
    WakeIfAsked();
  }
  changed_.notify_all();
}

void Window::Fail(std::exception_ptr failure) {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    wake_asked_ = true;
  }
  Changed();
}

void Window::RethrowFailure() {
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

std::shared_ptr<const Frame> Window::NextToSend(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return ledger_.unsent() > 0; });
  auto frame = ledger_.NextToSend();
  if (frame) WakeIfAsked();  // there is room for one more
  return frame;
}

void Window::AskForWake() {
  const std::lock_guard lock(mutex_);
  wake_asked_ = true;
}

void Window::ClearWake() {
  uint64_t count = 0;
  (void)!read(wake_fd_, &count, sizeof count);
}

}  // namespace rk
