#include "lib/read/window.h"

#include <fmt/format.h>

namespace rk {
namespace {

/// Frames that may wait for the link: one being written, one ready. More would only keep records
/// from joining a later, larger batch.
constexpr size_t kFramesAhead = 2;

}  // namespace

bool Window::WantsMore() {
  const std::lock_guard lock(mutex_);
  return ledger_.HasRoom() && ledger_.unsent() < kFramesAhead;
}

void Window::ReplayOverdue(Ledger::Clock::time_point now, const Log& log) {
  const size_t batches = With([&](Ledger& ledger) { return ledger.ReplayOverdue(now); });
  if (batches == 0) return;
  log(LogLevel::kWarning,
      fmt::format("no acknowledgement for a long time: replayed batches={}", batches));
  Changed();
}

void Window::WarnIfUnanswered(Ledger::Clock::time_point now, const Log& log) {
  {
    const std::lock_guard lock(mutex_);
    if (warned_ || ledger_.acknowledged_any() || ledger_.Idle()) {
      unanswered_since_.reset();
      return;
    }
    if (!unanswered_since_) unanswered_since_ = now;
    if (now - *unanswered_since_ < kUnanswered) return;
    warned_ = true;
  }
  log(LogLevel::kWarning,
      fmt::format("nothing was acknowledged for {} s: does the pipeline end in rk-write? "
                  "Without it the reader waits, and commits nothing",
                  kUnanswered.count()));
}

void Window::WakeIfAsked() {
  if (std::exchange(wake_asked_, false)) wake_.Set();
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

bool Window::WaitForUnsent(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return ledger_.unsent() > 0 || sender_woken_; });
  sender_woken_ = false;
  return ledger_.unsent() > 0;
}

void Window::WakeSender() {
  {
    const std::lock_guard lock(mutex_);
    sender_woken_ = true;
  }
  changed_.notify_all();
}

std::shared_ptr<const Frame> Window::NextToSend() {
  const std::lock_guard lock(mutex_);
  auto frame = ledger_.NextToSend();
  if (frame) WakeIfAsked();  // there is room for one more
  return frame;
}

void Window::AskForWake() {
  const std::lock_guard lock(mutex_);
  wake_asked_ = true;
}

}  // namespace rk
