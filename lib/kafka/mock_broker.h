#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "lib/base/log.h"

namespace rk {

/// A broker that speaks Kafka's protocol on a port of 127.0.0.1, in this process: librdkafka's mock
/// cluster. For trying things out, never for data: it keeps records in memory, and of each
/// partition at most kMaxPartitionBytes and kMaxPartitionRecords; older ones are dropped. A topic
/// that a client asks about is made, with kDefaultPartitions, where the client allows it. It
/// answers from threads of its own.
class MockBroker {
 public:
  // As librdkafka 2.12 has them, fixed.
  static constexpr int32_t kDefaultPartitions = 4;
  static constexpr int32_t kMaxPartitionBytes = 5 * 1024 * 1024;
  static constexpr int32_t kMaxPartitionRecords = 100'000;

  /// Throws Error(kUnavailable) if no port can be had.
  explicit MockBroker(Log log);
  ~MockBroker();

  /// Throws Error(kConfiguration) for a topic that is there already.
  void CreateTopic(const std::string& topic, int32_t partitions);

  /// host:port, for the clients' -b.
  std::string address() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rk
