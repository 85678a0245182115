#include "lib/observe/metrics.h"

#include <chrono>
#include <future>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/observe/text_forms.h"

namespace rk {

using std::chrono::milliseconds;

TEST_CASE("a metric of the same name is the same metric") {
  Metrics metrics;
  Metric& first = metrics.Counter("records_in");
  for (int count = 0; count < 100; ++count) metrics.Counter("other_" + std::to_string(count));
  CHECK(&metrics.Counter("records_in") == &first);
}

TEST_CASE("a snapshot has every metric with its kind, in the order they were made") {
  Metrics metrics;
  CHECK(WireLines(metrics.Snapshot()) == std::vector<std::string>{"metrics"});
  metrics.Counter("records_in").Add(3);
  metrics.Gauge("lag_records");
  metrics.Histogram("latency_seconds").Observe(milliseconds(1500), 2);
  metrics.Counter("failed").Add(1);
  CHECK(metrics.Snapshot().numbers ==
        std::vector<NumberSample>{{"records_in", MetricKind::kCounter, 3},
                                  {"lag_records", MetricKind::kGauge, 0},
                                  {"failed", MetricKind::kCounter, 1}});
}

TEST_CASE("numbers with labels are replaced all at once") {
  Metrics metrics;
  metrics.SetAll("lag", MetricKind::kGauge, {{"partition=\"0\"", 5}, {"partition=\"1\"", 7}});
  CHECK(metrics.Snapshot().number("lag") == 12);
  metrics.SetAll("lag", MetricKind::kGauge, {{"partition=\"1\"", 8}});
  CHECK(metrics.Snapshot().numbers ==
        std::vector<NumberSample>{{"lag", MetricKind::kGauge, 8, "partition=\"1\""}});
}

TEST_CASE("threads may count, and make metrics, while snapshots are made") {
  Metrics metrics;
  std::vector<std::future<void>> counting;
  for (int thread = 0; thread < 4; ++thread) {
    counting.push_back(std::async(std::launch::async, [&] {
      Metric& metric = metrics.Counter("records_in");
      for (int count = 0; count < 100'000; ++count) metric.Add(1);
    }));
  }
  for (int round = 0; round < 100; ++round)
    CHECK(metrics.Snapshot().number("records_in") <= 400'000);
  counting.clear();
  CHECK(metrics.Snapshot().number("records_in") == 400'000);
}

}  // namespace rk
