#pragma once

#include <poll.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "lib/balance/serve_sink.h"
#include "lib/link/fetch.h"
#include "lib/link/push.h"
#include "tests/unit/link/test_directory.h"
#include "tests/unit/link/test_pipe.h"

namespace rk {

constexpr size_t kMaxFrame = size_t{1} << 20;
constexpr std::chrono::seconds kPatience{10};
constexpr Origin kNobody{};

/// A private directory with a link's path in it, and what was observed.
struct Place {
  TestDirectory directory;
  std::string path = directory.path() + "/link";
  std::string address = "ipc://" + path;
  std::atomic<int> dropped = 0;
  std::atomic<bool> draining = false;
  std::atomic<bool> abandoned = false;  ///< whoever waits to push gives up

  LinkObserver Observer() {
    LinkObserver observer;
    observer.dropped = [this] { ++dropped; };
    return observer;
  }
  std::unique_ptr<ServeSink> Serve(size_t queue_records = 1,
                                   Balancer::By by = Balancer::By::kNone) {
    return std::make_unique<ServeSink>(
        ServeSink::Options{address, kMaxFrame, queue_records, by},
        [this] { return draining.load(); }, Observer());
  }
  std::unique_ptr<PushSink> Push(int hwm = 4) {
    return std::make_unique<PushSink>(address, kMaxFrame, hwm, [this] {
      if (abandoned) throw std::runtime_error("the test has failed");
      return draining.load();
    });
  }
  std::unique_ptr<FetchSource> Fetch(size_t prefetch = 2, bool isolates = true) {
    return std::make_unique<FetchSource>(
        FetchSource::Options{address, kMaxFrame, prefetch, isolates}, Observer());
  }
};

/// Pushes large frames, from offset 0 on, on a thread of its own. In a test that has failed it
/// gives up.
class Pusher {
 public:
  Pusher(Place& place, int64_t frames) : place_(place), thread_([this, frames] { Push(frames); }) {}
  ~Pusher() {
    if (std::uncaught_exceptions() > 0) place_.abandoned = true;
  }
  Pusher(const Pusher&) = delete;
  Pusher& operator=(const Pusher&) = delete;

  int sent() const { return sent_; }

 private:
  void Push(int64_t frames) try {
    const auto sink = place_.Push(1);
    for (int64_t i = 0; i < frames; ++i) {
      sink->Send(TestFrame(i, 1, 200'000));
      ++sent_;
    }
  } catch (const std::runtime_error&) {
  }

  Place& place_;
  std::atomic<int> sent_ = 0;
  std::jthread thread_;
};

/// The next frame within the patience of a test.
inline std::optional<Frame> Receive(Source& source,
                                    std::chrono::milliseconds patience = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (auto frame = source.TryReceive()) return frame;
    pollfd watched{source.fd(), POLLIN, 0};
    poll(&watched, 1, 20);
  }
  return std::nullopt;
}

/// True as soon as `holds()` is, which is not asked again.
template <typename Holds>
bool Eventually(Holds&& holds) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace rk
