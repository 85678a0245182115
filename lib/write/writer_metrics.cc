#include "lib/write/writer_metrics.h"

#include <string>

namespace rk {
namespace {

std::string CounterNameOf(const std::string& code) {
  std::string name = "failed_";
  for (const char byte : code) {
    const bool allowed = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
    name += allowed ? byte : '_';
  }
  return name;
}

}  // namespace

WriterMetrics::WriterMetrics(Metrics& metrics)
    : records_in(metrics.Counter("records_in")),
      acknowledged(metrics.Counter("acknowledged")),
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
  for (const auto& [code, count] : failures.by_code()) {
    metrics_.Counter(CounterNameOf(code)).Set(count);
  }
}

}  // namespace rk
