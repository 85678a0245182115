#include "lib/observe/history.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rk {

void StatusHistory::Add(const PipelineStatus& status, Clock::time_point now) {
  if (now < due_) return;
  due_ = now + kBetweenPoints;
  names_.clear();
  Point point{status.at_ms, {}};
  for (const StageStatus& stage : status.stages) {
    names_.push_back(stage.name);
    point.stages.push_back({stage.rate, stage.failed_rate,
                            stage.is_reader ? stage.lag_records : stage.queue, stage.took});
  }
  points_.push_back(std::move(point));
  if (points_.size() > kPoints) points_.pop_front();
}

template <typename Value>
std::string StatusHistory::Column(size_t stage, Value&& value) const {
  std::vector<decltype(value(StagePoint{}))> column;
  for (const Point& point : points_) column.push_back(value(point.stages[stage]));
  return fmt::format("[{:.6g}]", fmt::join(column, ","));
}

std::string StatusHistory::Json() const {
  std::vector<int64_t> times;
  for (const Point& point : points_) times.push_back(point.at_ms);
  std::vector<std::string> stages;
  for (size_t i = 0; i < names_.size(); ++i) {
    stages.push_back(fmt::format(
        R"("{}":{{"rate":{},"failed":{},"waiting":{},"p50":{},"p99":{}}})", names_[i],
        Column(i, [](const StagePoint& point) { return point.rate; }),
        Column(i, [](const StagePoint& point) { return point.failed; }),
        Column(i, [](const StagePoint& point) { return static_cast<double>(point.waiting); }),
        Column(i, [](const StagePoint& point) { return point.took.p50_s; }),
        Column(i, [](const StagePoint& point) { return point.took.p99_s; })));
  }
  return fmt::format("{{\"at_ms\":[{}],\"stages\":{{{}}}}}\n", fmt::join(times, ","),
                     fmt::join(stages, ","));
}

}  // namespace rk
