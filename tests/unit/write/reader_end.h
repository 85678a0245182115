#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <thread>

#include "lib/link/ack_channel.h"
#include "lib/link/runtime_dir.h"
#include "tests/unit/batch/make_batch.h"
#include "tests/unit/link/test_directory.h"

namespace rk {

/// A runtime directory for as long as it lives.
struct RuntimePlace {
  TestDirectory parent;
  TestEnvironment environment{"RK_RUNTIME_DIR", parent.path()};
  RuntimeDir directory;
};

/// A reader's end of the acknowledgement channel, and batches that it sent.
struct ReaderEnd {
  explicit ReaderEnd(const RuntimePlace& place)
      : server(place.directory, origin, [](LogLevel, std::string_view) {}) {}

  BatchInfo Info(OffsetRange range, int64_t epoch = kEpoch,
                 const TopicPartition& partition = kPartition) const {
    BatchInfo info = MakeInfo(range, epoch, partition);
    info.origin = origin;
    info.ack_endpoint = server.endpoint();
    return info;
  }
  BatchInfo Info(OffsetRange range, int64_t epoch, TopicPartition&&) const = delete;  // it borrows

  /// The next that it is told, nullopt if nothing comes.
  std::optional<AckMessage> Await() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      if (auto message = server.TryReceive()) return message;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return std::nullopt;
  }

  Origin origin = RandomOrigin();
  AckServer server;
};

}  // namespace rk
