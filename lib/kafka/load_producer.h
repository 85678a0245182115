#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lib/base/log.h"
#include "lib/kafka/config.h"

namespace rk {

/// Sends single records and counts what becomes of them: rk-load's generating end. Used by one
/// thread.
class LoadProducer {
 public:
  /// Throws Error(kConfiguration) for a property librdkafka does not take.
  LoadProducer(const ClientSettings& settings, std::string topic, Log log);
  ~LoadProducer();

  /// Never waits for the brokers' answer; only for room, where a hundred thousand records or
  /// 128 MiB wait already. Throws Error for what no trying again will change.
  void Send(std::string_view key, std::string_view value);
  /// Takes the brokers' answers that have come.
  void Poll();
  /// Waits until every record is stored or rejected; false if that takes longer.
  bool Flush(std::chrono::milliseconds timeout);

  uint64_t stored() const;
  uint64_t rejected() const;
  /// Why the last rejected one was.
  std::string reason() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rk
