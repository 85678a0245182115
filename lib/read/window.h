#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "lib/base/event_fd.h"
#include "lib/base/log.h"
#include "lib/batch/ledger.h"

namespace rk {

/// The ledger as the reader's three threads share it: the one that reads Kafka, the one that sends,
/// the one that takes acknowledgements. Any of them may make any call but those that say whose they
/// are. No call blocks on anything but the lock, except the two that say so.
class Window {
 public:
  explicit Window(Ledger::Limits limits, Ledger::Replays replays = Ledger::Replays::kSameEpoch)
      : ledger_(limits, replays) {}

  /// Runs `use(Ledger&)` under the lock.
  template <typename Use>
  auto With(Use&& use) {
    const std::lock_guard lock(mutex_);
    return std::forward<Use>(use)(ledger_);
  }

  /// True while a batch more may be added: the window has room, and the link has not pushed back.
  bool WantsMore();
  /// The last resort on a link that may lose a frame: sends again what nobody acknowledges. To be
  /// called about once a second.
  void ReplayOverdue(Ledger::Clock::time_point now, const Log& log);

  /// Warns, once, if nothing was ever acknowledged and that for kUnanswered: perhaps nobody will.
  /// To be called about once a second.
  void WarnIfUnanswered(Ledger::Clock::time_point now, const Log& log);
  static constexpr std::chrono::seconds kUnanswered{10};

  /// Something changed that another thread may wait for. The Kafka thread is woken if it asked.
  void Changed();

  /// One of the other threads cannot go on: the Kafka thread is woken and finds the reason.
  void Fail(std::exception_ptr failure);
  /// Throws the first such reason, if there is one.
  void RethrowFailure();

  /// The sender waits until a frame is to be sent, or WakeSender(), at most `timeout`; says whether
  /// one is.
  bool WaitForUnsent(std::chrono::milliseconds timeout);
  /// Ends one WaitForUnsent(), the next if none waits.
  void WakeSender();
  /// The next frame to be sent, as Ledger::NextToSend().
  std::shared_ptr<const Frame> NextToSend();
  /// Waits until `done(Ledger&)`, at most `timeout`; says whether it is.
  template <typename Done>
  bool WaitUntil(std::chrono::milliseconds timeout, Done&& done) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [&] { return done(ledger_); });
  }

  /// The Kafka thread asks to be woken by the next change. Ask, look whether it has come already,
  /// and only then poll wake_fd() for POLLIN.
  void AskForWake();
  int wake_fd() const { return wake_.fd(); }
  void ClearWake() { wake_.Clear(); }

 private:
  void WakeIfAsked();  ///< under the lock

  std::mutex mutex_;
  std::condition_variable changed_;
  Ledger ledger_;
  std::exception_ptr failure_;
  std::optional<Ledger::Clock::time_point> unanswered_since_;  ///< something is in flight
  bool warned_ = false;
  bool wake_asked_ = false;
  bool sender_woken_ = false;
  EventFd wake_;
};

}  // namespace rk
