#include "lib/read/open_reader.h"

#include <utility>

#include <fmt/format.h>

#include "lib/base/clock.h"

namespace rk {
namespace {

std::unique_ptr<Consumer> Connect(const ReaderOptions& options, size_t partitions,
                                  int64_t started_ms, const Log& log) {
  return MakeConsumer({options.client, options.group, options.instance, partitions, started_ms},
                      log);
}

int64_t NowMs() { return Nanoseconds(CLOCK_REALTIME) / 1'000'000; }

}  // namespace

std::unique_ptr<Reader> OpenReader(const ReaderOptions& options, Sink& sink, Stage& stage) {
  const int64_t started_ms = NowMs();
  FoundTopics found = FindTopics(options, stage.log);
  const size_t partitions = options.partitions ? FixedPartitions(options, found.partitions).size()
                                               : found.partitions.size();
  auto consumer = Connect(options, partitions, started_ms, stage.log);
  return std::make_unique<Reader>(
      options, Reader::Dependencies{
                   sink, std::move(consumer), std::move(found), stage.signals.drain_fd(),
                   [&stage] { return stage.signals.replaced(); }, stage.metrics, stage.log});
}

void CheckReader(const ReaderOptions& options, const Log& log) {
  FixedPartitions(options, FindTopics(options, log).partitions);
}

void SetGroupOffsets(const ReaderOptions& options, const Log& log) {
  const auto partitions = FixedPartitions(options, FindTopics(options, log).partitions);
  const auto consumer = Connect(options, partitions.size(), NowMs(), log);
  const auto starts = consumer->Resolve(partitions, options.start);
  std::vector<PartitionOffset> offsets;
  for (size_t i = 0; i < partitions.size(); ++i) offsets.push_back({partitions[i], starts[i]});
  (void)consumer->CommitAndWait(offsets);  // no member of the group, so no rebalance is in its way
  for (const auto& [partition, offset] : offsets)
    log(LogLevel::kInfo, fmt::format("committed group={} topic={} partition={} offset={}",
                                     options.group, partition.topic, partition.partition, offset));
}

}  // namespace rk
