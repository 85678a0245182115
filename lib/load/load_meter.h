#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "lib/kafka/consumer.h"
#include "lib/load/load.h"
#include "lib/load/payload.h"
#include "lib/load/tally.h"

namespace rk {

/// The measuring end of a load: reads the output topic on a thread of its own.
class LoadMeter {
 public:
  /// Stands at the ends of the output's partitions when this returns. `count` records of `run`
  /// may come. Throws as RunLoad().
  LoadMeter(const LoadOptions& options, int64_t run, uint64_t count, Stage& stage);
  ~LoadMeter();
  LoadMeter(const LoadMeter&) = delete;
  LoadMeter& operator=(const LoadMeter&) = delete;

  /// How many different records have come. Throws what stopped the reading.
  uint64_t distinct();
  /// Stops reading.
  Tally Finish();

 private:
  void Assign(const LoadOptions& options, int32_t partitions);
  void Loop(const std::stop_token& stop);
  void FetchAll();
  void Take(const Frame& frame);

  const int64_t run_;
  std::unique_ptr<Consumer> consumer_;
  std::vector<PartitionOffset> positions_;
  MarkReader marks_;
  Metric& received_;
  Histogram& latency_;
  std::mutex mutex_;
  Tally tally_;  ///< guarded by mutex_, as is failure_
  std::exception_ptr failure_;
  std::jthread thread_;
};

}  // namespace rk
