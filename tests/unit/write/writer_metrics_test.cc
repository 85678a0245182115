#include "lib/write/writer_metrics.h"

#include <memory>
#include <string_view>

#include <catch2/catch.hpp>

#include "tests/unit/write/instant_sink.h"

namespace rk {
TEST_CASE("a writer's metrics say what its sink, its order and its failures do") {
  Metrics metrics;
  WriterMetrics writer(metrics);
  InstantSink sink;
  sink.said_totals = {100, 7, 5000, 0};
  for (const int64_t first : {0, 10, 20})
    sink.Produce(std::make_shared<const Frame>(MakeBatch(MakeInfo({first, first + 10}))));
  WriterOrder order(/*ordered=*/true);
  order.Take(std::make_shared<const Frame>(MakeBatch(MakeInfo({10, 20}))), {});
  FailureTally failures([](LogLevel, std::string_view) {});
  writer.Update(sink, order, failures);
  CHECK(metrics.Counter("records_out").value() == 100);
  CHECK(metrics.Counter("dead_letters").value() == 7);
  CHECK(metrics.Counter("bytes_out").value() == 5000);
  CHECK(metrics.Gauge("batches_in_flight").value() == 3);
  CHECK(metrics.Gauge("held_back").value() == 1);
}

TEST_CASE("failures are counted by code, in what a label can be") {
  Metrics metrics;
  WriterMetrics writer(metrics);
  FailureTally failures([](LogLevel, std::string_view) {});
  const auto update = [&] { writer.Update(InstantSink{}, WriterOrder(true), failures); };
  failures.Count("missing-field");
  failures.Count("az09/AZ{`:");
  failures.Count("az09/AZ}\":");
  update();
  const auto counted = [&] { return metrics.Snapshot().all("failures"); };
  CHECK(counted() ==
        std::vector<NumberSample>{{"failures", MetricKind::kCounter, 2, "code=\"az09______\""},
                                  {"failures", MetricKind::kCounter, 1, "code=\"missing-field\""}});
  failures.Count("missing-field");
  update();
  CHECK(counted()[1].value == 2);
}

}  // namespace rk
