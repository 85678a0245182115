#include "lib/observe/metrics.h"

#include <future>
#include <vector>

#include <catch2/catch.hpp>

namespace rk {
namespace {

using std::chrono::milliseconds;

// What was reported, from the thread that reports.
class Lines {
 public:
  Log log() {
    return [this](LogLevel level, std::string_view line) {
      const std::lock_guard lock(mutex_);
      if (level == LogLevel::kInfo) lines_.emplace_back(line);
    };
  }
  std::vector<std::string> Get() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  // Waits until there are `count`, 5 s at most.
  std::vector<std::string> Await(size_t count) {
    for (int round = 0; round < 500 && Get().size() < count; ++round) {
      std::this_thread::sleep_for(milliseconds(10));
    }
    return Get();
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace

TEST_CASE(
    "a report has every counter with its rate, and every gauge, in the order they were made") {
  Lines lines;
  Metrics metrics;
  Metric& in = metrics.Counter("records_in");
  Metric& lag = metrics.Gauge("lag");
  Metric& failed = metrics.Counter("failed");
  in.Add(500);
  lag.Set(42);
  metrics.StartReports(milliseconds(100), lines.log());
  const auto reports = lines.Await(1);
  REQUIRE(reports.size() == 1);
  double rate = 0;
  REQUIRE(std::sscanf(reports[0].c_str(),
                      "report records_in=500 records_in_rate=%lf lag=42 failed=0 failed_rate=0.0",
                      &rate) == 1);
  CHECK(rate > 500);
  CHECK(rate <= 5000);
  CHECK(failed.value() == 0);
}

TEST_CASE("where nothing changed nothing is reported, until something does") {
  Lines lines;
  Metrics metrics;
  Metric& lag = metrics.Gauge("lag");
  metrics.StartReports(milliseconds(10), lines.log());
  std::this_thread::sleep_for(milliseconds(100));
  CHECK(lines.Get().empty());
  lag.Set(1);
  CHECK(lines.Await(1) == std::vector<std::string>{"report lag=1"});
  std::this_thread::sleep_for(milliseconds(100));
  CHECK(lines.Get().size() == 1);
  lag.Set(0);
  CHECK(lines.Await(2).back() == "report lag=0");
}

TEST_CASE("stopping reports the totals at once, and only once") {
  Lines lines;
  {
    Metrics metrics;
    metrics.StartReports(std::chrono::hours(1), lines.log());
    metrics.Counter("records_in").Add(3);
    metrics.Stop();
    metrics.Stop();
  }
  REQUIRE(lines.Get().size() == 1);
  CHECK_THAT(lines.Get()[0], Catch::StartsWith("total seconds=0.0 records_in=3 records_in_rate="));
}

TEST_CASE("an interval of 0 reports nothing, and where nothing was counted there are no totals") {
  Lines lines;
  {
    Metrics metrics;
    metrics.StartReports(milliseconds(0), lines.log());
    metrics.Counter("records_in").Add(3);
  }
  {
    Metrics metrics;
    metrics.StartReports(milliseconds(1000), lines.log());
    metrics.Counter("records_in");
  }
  CHECK(lines.Get().empty());
}

TEST_CASE("a metric of the same name is the same metric") {
  Metrics metrics;
  Metric& first = metrics.Counter("records_in");
  for (int count = 0; count < 100; ++count) metrics.Counter("other_" + std::to_string(count));
  CHECK(&metrics.Counter("records_in") == &first);
}

TEST_CASE(
    "a histogram is reported by the quantiles of what was added since, and in all at the end") {
  Lines lines;
  Metrics metrics;
  Histogram& latency = metrics.Histogram("latency_seconds");
  CHECK(&metrics.Histogram("latency_seconds") == &latency);
  metrics.Histogram("wait_seconds");  // nothing in it: not a word of it
  metrics.StartReports(milliseconds(50), lines.log());
  latency.Observe(milliseconds(1), 100);
  CHECK(lines.Await(1) == std::vector<std::string>{
                              "report latency_seconds_p50=0.000750 latency_seconds_p99=0.000995"});
  latency.Observe(std::chrono::seconds(2), 100);
  CHECK(lines.Await(2).back() ==
        "report latency_seconds_p50=1.500000 latency_seconds_p99=1.990000");
  metrics.Stop();
  CHECK_THAT(lines.Get().back(),
             Catch::Matches("total seconds=[0-9.]+ latency_seconds_p50=0.001000 "
                            "latency_seconds_p99=1.980000"));
}

TEST_CASE("the export has every metric under its public name, with nothing left out") {
  Metrics metrics;
  CHECK(metrics.Export() == "metrics");
  metrics.Counter("records_in").Add(3);
  metrics.Gauge("lag_records");
  metrics.Histogram("latency_seconds").Observe(milliseconds(1500), 2);
  metrics.Counter("failed").Add(1);
  CHECK(metrics.Export() ==
        "metrics rk_records_in_total=3 rk_lag_records=0 rk_failed_total=1 "
        "rk_latency_seconds=3.000000000:0,0,0,0,0,0,0,0,0,0,0,0,0,0,2,0,0,0,0,0");
}

TEST_CASE("threads may count, and make metrics, while reports are made") {
  Lines lines;
  Metrics metrics;
  metrics.StartReports(milliseconds(1), lines.log());
  std::vector<std::future<void>> counting;
  for (int thread = 0; thread < 4; ++thread) {
    counting.push_back(std::async(std::launch::async, [&] {
      Metric& metric = metrics.Counter("records_in");
      for (int count = 0; count < 100'000; ++count) metric.Add(1);
    }));
  }
  counting.clear();
  metrics.Stop();
  CHECK(metrics.Counter("records_in").value() == 400'000);
  CHECK_THAT(lines.Get().back(), Catch::Contains("records_in=400000 "));
}

}  // namespace rk
