#include "lib/observe/event_log.h"

#include <utility>

#include <fmt/format.h>

#include "lib/base/clock.h"

namespace rk {

Log EventLog::Watch(Log log) {
  return [this, log = std::move(log)](LogLevel level, std::string_view text) {
    log(level, text);
    if (level != LogLevel::kDebug) Add(level, text);
  };
}

std::vector<PipelineEvent> EventLog::last() const {
  const std::lock_guard lock(mutex_);
  return {events_.begin(), events_.end()};
}

void EventLog::Add(LogLevel level, std::string_view text) {
  const std::lock_guard lock(mutex_);
  events_.push_back({Nanoseconds(CLOCK_REALTIME) / 1'000'000, level, std::string(text)});
  if (events_.size() > kMost) events_.pop_front();
}

void LogReloads(const PipelineStatus& before, const PipelineStatus& now, const Log& log) {
  for (size_t i = 0; i < now.stages.size() && i < before.stages.size(); ++i) {
    const auto rose = [&](std::string_view name) {
      return now.stages[i].metrics.number(name) > before.stages[i].metrics.number(name);
    };
    if (rose("reloads"))
      log(LogLevel::kInfo, fmt::format("reloaded its model stage={}", now.stages[i].name));
    if (rose("reload_failures"))
      log(LogLevel::kError,
          fmt::format("could not reload its model, the old one stays in service stage={}",
                      now.stages[i].name));
  }
}

}  // namespace rk
