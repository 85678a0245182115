#include "lib/load/load_meter.h"

#include <poll.h>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/kafka/admin.h"

namespace rk {
namespace {

using std::chrono::nanoseconds;
using std::chrono::system_clock;

constexpr int kPollMs = 100;

int32_t PartitionsOf(const LoadOptions& options, const Log& log) {
  const auto topic = Admin(options.client, log).Describe(options.output);
  if (topic) return topic->partitions;
  throw Error(ErrorKind::kMissing, fmt::format("topic {} does not exist", options.output));
}

}  // namespace

LoadMeter::LoadMeter(const LoadOptions& options, int64_t run, uint64_t count, Stage& stage)
    : run_(run),
      consumer_(MakeConsumer({options.client, "", "", 1}, stage.log)),
      received_(stage.metrics.Counter("received")),
      latency_(stage.metrics.Histogram("latency_seconds")),
      tally_(count, options.keys) {
  Assign(options, PartitionsOf(options, stage.log));
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      Loop(stop);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
    }
  });
}

LoadMeter::~LoadMeter() = default;

void LoadMeter::Assign(const LoadOptions& options, int32_t partitions) {
  std::vector<TopicPartition> all;
  for (int32_t number = 0; number < partitions; ++number) all.push_back({options.output, number});
  const auto ends = consumer_->Resolve(all, {StartOffset::Kind::kEnd, 0});
  for (size_t i = 0; i < all.size(); ++i) positions_.push_back({all[i], ends[i]});
  consumer_->Assign(positions_);
}

uint64_t LoadMeter::distinct() {
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
  return tally_.distinct();
}

Tally LoadMeter::Finish() {
  thread_.request_stop();
  thread_.join();
  if (failure_) std::rethrow_exception(failure_);
  return std::move(tally_);
}

void LoadMeter::Loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd events{consumer_->event_fd(), POLLIN, 0};
    poll(&events, 1, kPollMs);
    consumer_->ClearEvents();
    consumer_->Poll();
    FetchAll();
  }
}

void LoadMeter::FetchAll() {
  for (PartitionOffset& position : positions_) {
    while (true) {
      BatchInfo info;
      info.topic = position.partition.topic;
      info.partition = position.partition.partition;
      info.first_offset = position.offset;
      const auto fetched = consumer_->Fetch(info, {});
      if (!fetched.frame) break;
      position.offset = fetched.frame->info().next_offset;
      Take(*fetched.frame);
    }
  }
}

void LoadMeter::Take(const Frame& frame) {
  const auto now = system_clock::now().time_since_epoch();
  const std::lock_guard lock(mutex_);
  for (size_t index = 0; index < frame.record_count(); ++index) {
    const auto value = frame.record(index).value;
    const auto mark = value ? marks_.Read(*value) : std::nullopt;
    if (!mark || mark->run != run_) continue;
    const nanoseconds latency = now - nanoseconds(mark->scheduled_ns);
    tally_.Add(static_cast<uint64_t>(mark->id), latency);
    received_.Add(1);
    latency_.Observe(latency);
  }
}

}  // namespace rk
