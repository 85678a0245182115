#pragma once

#include <deque>
#include <mutex>
#include <vector>

#include "lib/base/log.h"
#include "lib/observe/pipeline_status.h"

namespace rk {

/// The last things that happened to a pipeline, taken from what its supervisor logs. Any thread.
class EventLog {
 public:
  static constexpr size_t kMost = 50;

  /// A log that hands everything on to `log` and keeps what is of LogLevel::kInfo or above. It must
  /// not outlive this.
  Log Watch(Log log);
  /// Oldest first.
  std::vector<PipelineEvent> last() const;

 private:
  void Add(LogLevel level, std::string_view text);

  mutable std::mutex mutex_;
  std::deque<PipelineEvent> events_;
};

/// Logs which stages have loaded their model again since `before`, or could not.
void LogReloads(const PipelineStatus& before, const PipelineStatus& now, const Log& log);

}  // namespace rk
