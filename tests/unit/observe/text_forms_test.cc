#include "lib/observe/text_forms.h"

#include <limits.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
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

// What the sources make, with its kind.
std::map<std::string, MetricKind> MetricsInSources() {
  const std::regex made(
      R"re((?:(Counter|Gauge|Histogram)\("([a-z_]+)"\)|SetAll\("([a-z_]+)", MetricKind::k(\w+),))re");
  const std::map<std::string, MetricKind> kinds = {{"Counter", MetricKind::kCounter},
                                                   {"Gauge", MetricKind::kGauge},
                                                   {"Histogram", MetricKind::kHistogram}};
  std::map<std::string, MetricKind> names;
  for (const char* folder : {"lib", "tools"}) {
    for (const auto& file :
         fs::recursive_directory_iterator(fs::path(std::getenv("RK_SOURCE_DIR")) / folder)) {
      if (file.path().extension() != ".cc") continue;
      const std::string text = ReadText(file.path());
      for (std::sregex_iterator match(text.begin(), text.end(), made), end; match != end; ++match) {
        const bool single = (*match)[1].matched;
        names[(*match)[single ? 2 : 3]] = kinds.at((*match)[single ? 1 : 4]);
      }
    }
  }
  return names;
}

// What rk-run adds to what its stages count.
const std::set<std::string, std::less<>> kOfThePipeline = {
    "bottleneck",      "ready",          "replicas", "replicas_ready",
    "replicas_wanted", "resident_bytes", "restarts"};

// Lines are the page's own.
std::string WithoutLines(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

MetricsSnapshot Parsed(const std::vector<std::string>& lines) {
  MetricsSnapshot metrics;
  for (const std::string& line : lines) TakeWireLine(line, metrics);
  return metrics;
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

TEST_CASE("what fails is reported by code, and a level by partition is not reported") {
  const MetricsSnapshot now{{{"failures", MetricKind::kCounter, 4, "code=\"missing-field\""},
                             {"failures", MetricKind::kCounter, 6, "code=\"type\""},
                             {"partition_lag", MetricKind::kGauge, 9, "partition=\"0\""}},
                            {}};
  const MetricsSnapshot before{{{"failures", MetricKind::kCounter, 2, "code=\"missing-field\""}},
                               {}};
  CHECK(ReportLine(now, before, 2) ==
        "report failures_missing_field=4 failures_missing_field_rate=1.0 failures_type=6 "
        "failures_type_rate=3.0");
  CHECK(TotalLine({{now.numbers[2]}, {}}, 1).empty());
}

TEST_CASE("what a process says of itself is read, and what is not of its form is left out") {
  const MetricsSnapshot metrics =
      Parsed({"metrics rk_in_total=12 rk_bad=x rk_lag=7 rk_wait_seconds=1.5:0:1,2:3,150:9 "
              "rk_far_seconds=1:151:2 rk_half_seconds=1:2 rk_cut_seconds=1:2: =3 nothing",
              "more rk_lags{topic=\"a=b\",partition=\"3\"}=9"});
  CHECK(metrics.numbers == std::vector<NumberSample>{
                               {"in", MetricKind::kCounter, 12},
                               {"lag", MetricKind::kGauge, 7},
                               {"lags", MetricKind::kGauge, 9, "topic=\"a=b\",partition=\"3\""}});
  CHECK(LabelOf(metrics.numbers[2], "partition") == "3");
  CHECK(LabelOf(metrics.numbers[2], "topic") == "a=b");
  CHECK(LabelOf(metrics.numbers[2], "opic").empty());
  CHECK(LabelOf(metrics.numbers[0], "topic").empty());
  REQUIRE(metrics.histograms.size() == 1);
  HistogramValue wait;
  wait.sum = 1.5;
  wait.counts[0] = 1;
  wait.counts[2] = 3;
  wait.counts[150] = 9;
  CHECK(metrics.histogram("wait_seconds") == wait);
  CHECK(Parsed({"metrics rk_lag=7", "ready", ""}).number("lag") == 7);
  CHECK_FALSE(Parsed({"metrics rk_lag=7", "metrics rk_in_total=12"}).Has("lag"));
}

TEST_CASE("replicas add up, and a process that is gone leaves its counters and histograms") {
  MetricsSnapshot sum =
      Parsed({"metrics rk_in_total=1 rk_bad_total{code=\"a\"}=2 rk_lag=5 rk_wait_seconds=2:0:3"});
  sum +=
      Parsed({"metrics rk_in_total=2 rk_bad_total{code=\"a\"}=3 rk_bad_total{code=\"b\"}=4 "
              "rk_lag=6 rk_wait_seconds=2:0:3"});
  CHECK(sum.number("in") == 3);
  CHECK(sum.number("lag") == 11);
  REQUIRE(sum.all("bad").size() == 2);
  CHECK(sum.all("bad")[0].value == 5);
  CHECK(sum.all("bad")[1].value == 4);
  CHECK(sum.histogram("wait_seconds").count() == 6);
  const MetricsSnapshot lasting = sum.Lasting();
  CHECK(lasting.number("in") == 3);
  CHECK_FALSE(lasting.Has("lag"));
  CHECK(lasting.histogram("wait_seconds").sum == 4);
}

TEST_CASE("what goes over the wire comes back, in lines that a pipe takes whole") {
  MetricsSnapshot sent{{{"records_in", MetricKind::kCounter, 5}}, {}};
  for (int partition = 0; partition < 100; ++partition) {
    const std::string labels =
        "topic=\"" + std::string(200, 'a') + "\",partition=\"" + std::to_string(partition) + "\"";
    sent.numbers.push_back({"partition_lag_records", MetricKind::kGauge, UINT64_MAX, labels});
  }
  HistogramValue wait;
  wait.sum = 1.25;
  wait.counts.fill(UINT64_MAX / 1000);
  for (const char* name : {"a_seconds", "b_seconds", "c_seconds"})
    sent.histograms.push_back({name, wait});
  const std::vector<std::string> lines = WireLines(sent);
  CHECK(lines.size() > 5);
  for (const std::string& line : lines) CHECK(line.size() < PIPE_BUF);
  CHECK(Parsed(lines) == sent);
}

TEST_CASE("OpenMetrics has counters without _total in their heads, units, and an end") {
  const std::vector<LabelledSnapshot> one = {
      {"stage=\"infer\"",
       {{{"records_in", MetricKind::kCounter, 3}, {"resident_bytes", MetricKind::kGauge, 5}}, {}}}};
  CHECK(PrometheusText(one, Exposition::kOpenMetrics) ==
        "# HELP rk_records_in Records that this stage received. Unit: records.\n"
        "# TYPE rk_records_in counter\n"
        "rk_records_in_total{stage=\"infer\"} 3\n"
        "# HELP rk_resident_bytes Resident memory of the processes of this stage. Unit: bytes.\n"
        "# TYPE rk_resident_bytes gauge\n"
        "# UNIT rk_resident_bytes bytes\n"
        "rk_resident_bytes{stage=\"infer\"} 5\n"
        "# EOF\n");
  CHECK(PrometheusText(one) ==
        "# HELP rk_records_in_total Records that this stage received. Unit: records.\n"
        "# TYPE rk_records_in_total counter\n"
        "rk_records_in_total{stage=\"infer\"} 3\n"
        "# HELP rk_resident_bytes Resident memory of the processes of this stage. Unit: bytes.\n"
        "# TYPE rk_resident_bytes gauge\n"
        "rk_resident_bytes{stage=\"infer\"} 5\n");
}

TEST_CASE(
    "every metric that is made anywhere is known, with its kind, and every known one is made") {
  std::map<std::string, MetricKind> made = MetricsInSources();
  CHECK(made.size() > 25);
  for (const auto& [name, kind] : made) {
    INFO(name);
    const auto described = DescribeMetric(name);
    REQUIRE(described);
    CHECK(described->kind == kind);
  }
  for (const MetricDescription& metric : AllMetrics()) {
    INFO(metric.name);
    CHECK((made.contains(std::string(metric.name)) || kOfThePipeline.contains(metric.name)));
  }
  CHECK_FALSE(DescribeMetric("nothing_of_the_kind"));
}

TEST_CASE("rk-metrics(7) has each metric, with its kind, unit and meaning, and no other") {
  const std::string page = ReadText(fs::path(std::getenv("RK_SOURCE_DIR")) / "man/rk-metrics.7");
  const std::map<MetricKind, std::string> kinds = {{MetricKind::kCounter, "Counter"},
                                                   {MetricKind::kGauge, "Gauge"},
                                                   {MetricKind::kHistogram, "Histogram"}};
  for (const MetricDescription& metric : AllMetrics()) {
    INFO(metric.name);
    CHECK(metric.help.ends_with('.'));
    const std::string begin = ".It Cm " + PublicName(metric.name, metric.kind) + "\n" +
                              kinds.at(metric.kind) + ", " + std::string(metric.unit) + ".\n";
    const size_t at = page.find(begin);
    REQUIRE(at != std::string::npos);
    const std::string entry = page.substr(at, page.find("\n.It", at + 1) - at);
    CHECK_THAT(WithoutLines(entry), Catch::Contains(std::string(metric.help)));
  }
  const std::regex named(R"(\n\.It Cm rk_)");
  const auto entries = std::distance(std::sregex_iterator(page.begin(), page.end(), named), {});
  CHECK(static_cast<size_t>(entries) == AllMetrics().size());
}

}  // namespace rk
