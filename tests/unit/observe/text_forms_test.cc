#include "lib/observe/text_forms.h"

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "lib/observe/catalog.h"

namespace rk {
namespace {

namespace fs = std::filesystem;

std::string ReadText(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// The metrics of stages, as their sources make them: rk-load is none.
std::set<std::string> MetricsInSources() {
  const std::regex made(R"re((?:Counter|Gauge|Histogram)\("([a-z_]+)"\))re");
  std::set<std::string> names;
  for (const char* folder : {"lib", "tools"}) {
    for (const auto& file :
         fs::recursive_directory_iterator(fs::path(std::getenv("RK_SOURCE_DIR")) / folder)) {
      if (file.path().extension() != ".cc" ||
          file.path().native().find("load") != std::string::npos)
        continue;
      const std::string text = ReadText(file.path());
      for (std::sregex_iterator match(text.begin(), text.end(), made), end; match != end; ++match)
        names.insert((*match)[1]);
    }
  }
  return names;
}

}  // namespace

TEST_CASE("a report line has the rate of each counter since the last, and nothing unchanged") {
  const MetricsSnapshot before{{{"records_in", MetricKind::kCounter, 100}}, {}};
  const MetricsSnapshot now{
      {{"records_in", MetricKind::kCounter, 600}, {"lag", MetricKind::kGauge, 42}}, {}};
  CHECK(ReportLine(now, before, 2) == "report records_in=600 records_in_rate=250.0 lag=42");
  CHECK(ReportLine(now, now, 2).empty());
  CHECK(TotalLine(now, 3) == "total seconds=3.0 records_in=600 records_in_rate=200.0 lag=42");
  CHECK(TotalLine({}, 3).empty());
}

TEST_CASE("what a process says of itself is read, and what is not of its form is left out") {
  std::string line = "metrics rk_in_total=12 rk_bad=x rk_lag=7 rk_wait_seconds=1.5:1";
  for (size_t i = 1; i < kHistogramBuckets; ++i) line += ",2";
  const MetricsSnapshot metrics = ParseWireLine(line + " rk_short_seconds=1:1,2 =3 nothing");
  CHECK(metrics.numbers.size() == 2);
  CHECK(metrics.number("in") == 12);
  CHECK(metrics.number("lag") == 7);
  CHECK(metrics.number("bad") == 0);
  REQUIRE(metrics.histograms.size() == 1);
  CHECK(metrics.histogram("wait_seconds").sum == 1.5);
  CHECK(metrics.histogram("wait_seconds").count() == 1 + 2 * (kHistogramBuckets - 1));
  CHECK(ParseWireLine("ready").numbers.empty());
  CHECK(ParseWireLine("").numbers.empty());
}

TEST_CASE("replicas add up, and a process that is gone leaves its counters and histograms") {
  std::string histogram = "rk_wait_seconds=2:3";
  for (size_t i = 1; i < kHistogramBuckets; ++i) histogram += ",0";
  MetricsSnapshot sum = ParseWireLine("metrics rk_in_total=1 rk_lag=5 " + histogram);
  sum += ParseWireLine("metrics rk_in_total=2 rk_lag=6 " + histogram);
  CHECK(sum.number("in") == 3);
  CHECK(sum.number("lag") == 11);
  CHECK(sum.histogram("wait_seconds").count() == 6);
  const MetricsSnapshot lasting = sum.Lasting();
  CHECK(lasting.number("in") == 3);
  CHECK_FALSE(lasting.Has("lag"));
  CHECK(lasting.histogram("wait_seconds").sum == 4);
}

TEST_CASE("what goes over the wire comes back") {
  HistogramValue wait;
  wait.sum = 1.25;
  wait.counts[3] = 7;
  const MetricsSnapshot sent{
      {{"records_in", MetricKind::kCounter, 5}, {"lag_records", MetricKind::kGauge, 0}},
      {{"queue_wait_seconds", wait}}};
  CHECK(ParseWireLine(WireLine(sent)) == sent);
}

TEST_CASE("each metric that is made anywhere says what it counts, and in which unit") {
  const std::set<std::string> names = MetricsInSources();
  CHECK(names.size() > 15);
  const std::string page = ReadText(fs::path(std::getenv("RK_SOURCE_DIR")) / "man/rk-run.1");
  for (const std::string& name : names) {
    INFO(name);
    const auto described = DescribeMetric(name);
    REQUIRE(described);
    CHECK_FALSE(described->unit.empty());
    CHECK(described->help.ends_with('.'));
    CHECK_THAT(page, Catch::Contains("rk_" + name));
  }
  CHECK(DescribeMetric("failed_missing_field")->help == "Records that failed with this code.");
  CHECK(DescribeMetric("failed")->help != DescribeMetric("failed_missing_field")->help);
  CHECK_FALSE(DescribeMetric("nothing_of_the_kind"));
}

}  // namespace rk
