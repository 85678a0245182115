#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "lib/observe/pipeline_status.h"

namespace rk {

/// What a pipeline did in the last fifteen minutes: a point every five seconds. One thread.
class StatusHistory {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kBetweenPoints{5};
  static constexpr size_t kPoints = 180;

  /// Takes a point if one is due. `status` always has the same stages.
  void Add(const PipelineStatus& status, Clock::time_point now);
  /// `{"at_ms":[…],"stages":{"infer":{"rate":[…],"failed":[…],"waiting":[…],"p50":[…],"p99":[…]}}}`:
  /// records/s, records (of a reader its lag), seconds.
  std::string Json() const;

 private:
  struct StagePoint {
    double rate = 0;
    double failed = 0;
    uint64_t waiting = 0;
    Quantiles took;
  };
  struct Point {
    int64_t at_ms = 0;
    std::vector<StagePoint> stages;
  };

  template <typename Value>
  std::string Column(size_t stage, Value&& value) const;

  std::vector<std::string> names_;
  std::deque<Point> points_;
  Clock::time_point due_{};
};

}  // namespace rk
