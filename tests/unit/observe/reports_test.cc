#include "lib/observe/reports.h"

#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = Reports::Clock;

struct Reporting {
  explicit Reporting(milliseconds interval = seconds(10)) {
    reports.emplace(metrics, interval, log, began);
  }

  // What is reported when it is asked at `at`.
  std::vector<std::string> At(milliseconds at) {
    lines.clear();
    reports->OnTick(began + at);
    return lines;
  }

  std::vector<std::string> lines;
  Log log = [this](LogLevel level, std::string_view line) {
    if (level == LogLevel::kInfo) lines.emplace_back(line);
  };
  Metrics metrics;
  Clock::time_point began = Clock::now();
  std::optional<Reports> reports;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "a report has every counter with its rate, and every gauge, in the order they were made") {
  Reporting reporting;
  reporting.metrics.Counter("records_in").Add(500);
  reporting.metrics.Gauge("lag").Set(42);
  reporting.metrics.Counter("failed");
  CHECK(reporting.At(milliseconds(9'999)).empty());
  CHECK(reporting.At(seconds(10)) ==
        Lines{"report records_in=500 records_in_rate=50.0 lag=42 failed=0 failed_rate=0.0"});
  reporting.metrics.Counter("records_in").Add(100);
  CHECK(reporting.reports->next_due() == reporting.began + seconds(20));
  CHECK(reporting.At(milliseconds(19'999)).empty());
  CHECK(reporting.At(seconds(20)) ==
        Lines{"report records_in=600 records_in_rate=10.0 lag=42 failed=0 failed_rate=0.0"});
}

TEST_CASE("where nothing changed nothing is reported, until something does") {
  Reporting reporting;
  Metric& lag = reporting.metrics.Gauge("lag");
  CHECK(reporting.At(seconds(10)).empty());
  lag.Set(1);
  CHECK(reporting.At(seconds(20)) == Lines{"report lag=1"});
  CHECK(reporting.At(seconds(30)).empty());
  lag.Set(0);
  CHECK(reporting.At(seconds(40)) == Lines{"report lag=0"});
}

TEST_CASE("the end reports the totals at once") {
  Reporting reporting(std::chrono::hours(1));
  reporting.metrics.Counter("records_in").Add(3);
  reporting.reports.reset();
  REQUIRE(reporting.lines.size() == 1);
  CHECK_THAT(reporting.lines[0],
             Catch::StartsWith("total seconds=0.0 records_in=3 records_in_rate="));
}

TEST_CASE("an interval of 0 reports nothing, and where nothing was counted there are no totals") {
  Reporting never(milliseconds(0));
  never.metrics.Counter("records_in").Add(3);
  CHECK(never.reports->next_due() == Clock::time_point::max());
  CHECK(never.At(std::chrono::hours(9)).empty());
  never.reports.reset();
  CHECK(never.lines.empty());
  Reporting nothing;
  nothing.metrics.Counter("records_in");
  nothing.reports.reset();
  CHECK(nothing.lines.empty());
}

TEST_CASE(
    "a histogram is reported by the quantiles of what was added since, and in all at the end") {
  Reporting reporting;
  Histogram& latency = reporting.metrics.Histogram("latency_seconds");
  CHECK(&reporting.metrics.Histogram("latency_seconds") == &latency);
  reporting.metrics.Histogram("wait_seconds");  // nothing in it: not a word of it
  latency.Observe(milliseconds(1), 100);
  CHECK(reporting.At(seconds(10)) ==
        Lines{"report latency_seconds_p50=0.000956 latency_seconds_p99=0.000999"});
  latency.Observe(seconds(2), 100);
  CHECK(reporting.At(seconds(20)) ==
        Lines{"report latency_seconds_p50=2.000000 latency_seconds_p99=2.088200"});
  reporting.lines.clear();
  reporting.reports.reset();
  REQUIRE(reporting.lines.size() == 1);
  CHECK_THAT(reporting.lines[0],
             Catch::Matches("total seconds=[0-9.]+ latency_seconds_p50=0.001000 "
                            "latency_seconds_p99=2.086400"));
}

}  // namespace rk
