#pragma once

#include <poll.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
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

  LinkObserver Observer() {
    LinkObserver observer;
    observer.dropped = [this] { ++dropped; };
    return observer;
  }
  std::unique_ptr<ServeSink> Serve(size_t queue_records = 1,
                                   Balancer::By by = Balancer::By::kNone) {
    return std::make_unique<ServeSink>(
        ServeSink::Options{path, kMaxFrame, queue_records, by}, [this] { return draining.load(); },
        Observer());
  }
  std::unique_ptr<PushSink> Push(int hwm = 4) {
    return std::make_unique<PushSink>(address, kMaxFrame, hwm, [this] { return draining.load(); });
  }
  /// Pushes large frames, from offset 0 on, on a thread of its own, and counts them in `sent`.
  std::jthread PushMany(int64_t frames, std::atomic<int>& sent) {
    return std::jthread([this, frames, &sent] {
      const auto sink = Push(1);
      for (int64_t i = 0; i < frames; ++i) {
        sink->Send(TestFrame(i, 1, 200'000));
        ++sent;
      }
    });
  }
  std::unique_ptr<FetchSource> Fetch(size_t prefetch = 2, bool isolates = true) {
    return std::make_unique<FetchSource>(
        FetchSource::Options{address, kMaxFrame, prefetch, isolates}, Observer());
  }
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
