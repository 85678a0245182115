#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <vector>

#include "lib/observe/pipeline_status.h"
#include "lib/run/supervisor.h"

namespace rk {

/// Looks at a pipeline once a second and says how it is doing. One thread.
class StatusTracker {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kRateWindow{10};

  StatusTracker(std::string name, Clock::time_point now) : name_(std::move(name)), began_(now) {}

  PipelineStatus Look(const Supervisor& supervisor, Clock::time_point now);

 private:
  struct Past {
    Clock::time_point at;
    std::vector<StageStatus> stages;
  };

  std::string name_;
  Clock::time_point began_;
  bool was_ready_ = false;  ///< every stage has been ready, wherever it runs
  std::deque<Past> past_;   ///< one a second, of the last kRateWindow
};

}  // namespace rk
