#include "lib/write/writer_metrics.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace rk {
namespace {

// Codes are of the user's programs too.
std::string LabelOfCode(const std::string& code) {
  std::string label = "code=\"";
  for (const char byte : code) {
    const bool allowed =
        (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-';
    label += allowed ? byte : '_';
  }
  return label + '"';
}

}  // namespace

WriterMetrics::WriterMetrics(Metrics& metrics)
    : records_in(metrics.Counter("records_in")),
      acknowledged(metrics.Counter("acknowledged")),
      batch(metrics.Histogram("batch_seconds")),
      metrics_(metrics),
      records_out_(metrics.Counter("records_out")),
      dead_letters_(metrics.Counter("dead_letters")),
      bytes_out_(metrics.Counter("bytes_out")),
      batches_in_flight_(metrics.Gauge("batches_in_flight")),
      held_back_(metrics.Gauge("held_back")) {}

void WriterMetrics::Update(const DeliverySink& sink, const WriterOrder& order,
                           const FailureTally& failures) {
  const DeliverySink::Totals& totals = sink.totals();
  records_out_.Set(totals.records);
  dead_letters_.Set(totals.dead_letters);
  bytes_out_.Set(totals.bytes);
  batches_in_flight_.Set(sink.outstanding());
  held_back_.Set(order.held_back());
  if (failures.total() == failures_) return;
  failures_ = failures.total();
  std::map<std::string, uint64_t> by_label;  // two codes may have the same
  for (const auto& [code, count] : failures.by_code()) by_label[LabelOfCode(code)] += count;
  std::vector<LabelledNumber> numbers;
  for (const auto& [label, count] : by_label) numbers.push_back({label, count});
  metrics_.SetAll("failures", MetricKind::kCounter, std::move(numbers));
}

void WriterMetrics::Update(TransactionalSink& sink) {
  const TransactionalSink::Counts& counts = sink.counts();
  metrics_.Counter("commits").Set(counts.commits);
  metrics_.Counter("aborts").Set(counts.aborts);
  metrics_.Counter("fenced").Set(counts.fenced);
  Histogram& seconds = metrics_.Histogram("commit_seconds");
  for (const auto time : sink.TakeCommitTimes()) seconds.Observe(time);
}

}  // namespace rk
