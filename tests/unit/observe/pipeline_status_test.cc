#include "lib/observe/pipeline_status.h"

#include <iterator>
#include <sstream>

#include <catch2/catch.hpp>

namespace rk {
namespace {

// What a status may hold, made by hand.
PipelineStatus Sample() {
  StageStatus read;
  read.name = "read";
  read.is_reader = true;
  read.replicas = read.wanted = read.max = 1;
  read.in = read.out = 1234;
  read.rate = 99.6;
  read.rss_bytes = 20'000'000;
  read.lag_records = 55;
  read.metrics.numbers = {{"records", MetricKind::kCounter, 1234},
                          {"lag_records", MetricKind::kGauge, 55}};
  StageStatus infer;
  infer.name = "infer";
  infer.replicas = infer.wanted = 2;
  infer.max = 4;
  infer.restarts = 3;
  infer.in = infer.out = 1200;
  infer.failed = 2;
  infer.rate = 90.25;
  infer.has_queue = true;
  infer.queue = 300;
  infer.wait_p99_s = 0.0123;
  infer.rss_bytes = 150'400'000;
  infer.metrics.numbers = {{"records_in", MetricKind::kCounter, 1200}};
  HistogramValue calls;
  calls.counts[0] = 3;
  calls.counts[2] = 4;
  calls.counts[kHistogramBuckets - 1] = 1;
  calls.sum = 61.5;
  infer.metrics.histograms = {{"call_seconds", calls}};
  return {"credit", "running", 12.34, "infer", {read, infer}};
}

std::string Line(const std::string& text, const std::string& beginning) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(beginning)) return line;
  }
  return "";
}

std::vector<std::string> WordsOf(const std::string& line) {
  std::istringstream words(line);
  return {std::istream_iterator<std::string>(words), {}};
}

TEST_CASE("the table has a line for each stage, and says what the others wait for") {
  const std::string table = StatusTable(Sample());
  CHECK(Line(table, "credit") == "credit: running for 12 s");
  CHECK(WordsOf(Line(table, "STAGE")) == std::vector<std::string>{"STAGE", "REPLICAS", "IN", "OUT",
                                                                  "FAILED", "RECORDS/S", "QUEUE",
                                                                  "WAIT-P99", "RSS", "LAG"});
  CHECK(WordsOf(Line(table, "read")) == std::vector<std::string>{"read", "1/1", "1234", "1234", "0",
                                                                 "100", "-", "-", "20.0", "MB",
                                                                 "55"});
  CHECK(WordsOf(Line(table, "infer")) == std::vector<std::string>{"infer", "2/4", "1200", "1200",
                                                                  "2", "90", "300", "12.3", "ms",
                                                                  "150.4", "MB", "-"});
  CHECK(Line(table, "the others") == "the others wait for: infer");
  // Columns stand under one another.
  CHECK(Line(table, "read").size() == Line(table, "infer").size());
  CHECK(Line(table, "read").size() == Line(table, "STAGE").size());

  PipelineStatus idle = Sample();
  idle.bottleneck.clear();
  CHECK_THAT(StatusTable(idle), Catch::EndsWith("no stage holds the others up\n"));
}

TEST_CASE("the JSON is one object on one line") {
  CHECK(
      StatusJson(Sample()) ==
      R"({"name":"credit","state":"running","uptime_seconds":12.3,"bottleneck":"infer","stages":[)"
      R"({"stage":"read","replicas":1,"wanted":1,"max":1,"restarts":0,"in":1234,"out":1234,)"
      R"("failed":0,"records_per_second":99.6,"rss_bytes":20000000,"lag":55},)"
      R"({"stage":"infer","replicas":2,"wanted":2,"max":4,"restarts":3,"in":1200,"out":1200,)"
      R"("failed":2,"records_per_second":90.2,"rss_bytes":150400000,"queue":300,)"
      R"("wait_p99_seconds":0.012300}]})"
      "\n");
  PipelineStatus idle = Sample();
  idle.bottleneck.clear();
  CHECK_THAT(StatusJson(idle), Catch::Contains(R"("bottleneck":null,)"));
}

TEST_CASE("for Prometheus samples of a name stand together, and buckets are added up") {
  const std::string text = StatusPrometheus(Sample());
  CHECK_THAT(text, Catch::Contains("# HELP rk_replicas Processes of this stage. Unit: processes.\n"
                                   "# TYPE rk_replicas gauge\n"
                                   "rk_replicas{pipeline=\"credit\",stage=\"read\"} 1\n"
                                   "rk_replicas{pipeline=\"credit\",stage=\"infer\"} 2\n"));
  CHECK_THAT(text, Catch::Contains("# TYPE rk_restarts_total counter\n"
                                   "rk_restarts_total{pipeline=\"credit\",stage=\"read\"} 0\n"
                                   "rk_restarts_total{pipeline=\"credit\",stage=\"infer\"} 3\n"));
  CHECK_THAT(text, Catch::Contains("# TYPE rk_records_in_total counter\n"
                                   "rk_records_in_total{pipeline=\"credit\",stage=\"infer\"} "
                                   "1200\n"));
  CHECK_THAT(text, Catch::Contains("# TYPE rk_lag_records gauge\n"
                                   "rk_lag_records{pipeline=\"credit\",stage=\"read\"} 55\n"));
  const auto bucket = [&](const std::string& bound) {
    return Line(
        text, "rk_call_seconds_bucket{pipeline=\"credit\",stage=\"infer\",le=\"" + bound + "\"} ");
  };
  CHECK_THAT(bucket("5e-05"), Catch::EndsWith("} 3"));
  CHECK_THAT(bucket("0.0001"), Catch::EndsWith("} 3"));
  CHECK_THAT(bucket("0.0002"), Catch::EndsWith("} 7"));
  CHECK_THAT(bucket("60"), Catch::EndsWith("} 7"));
  CHECK_THAT(bucket("+Inf"), Catch::EndsWith("} 8"));
  CHECK_THAT(Line(text, "rk_call_seconds_sum"), Catch::EndsWith("} 61.500000000"));
  CHECK_THAT(Line(text, "rk_call_seconds_count"), Catch::EndsWith("} 8"));
}

TEST_CASE("the line says how many there are of what, what waits, and what came through") {
  PipelineStatus status = Sample();
  StageStatus balance;
  balance.name = "write-balance";
  balance.is_balance = true;
  StageStatus write;
  write.name = "write";
  write.replicas = 1;
  write.out = 1190;
  write.failed = 4;
  write.rate = 88.88;
  write.has_queue = true;
  write.queue = 10;
  status.stages.push_back(balance);
  status.stages.push_back(write);
  CHECK(StatusLine(status) ==
        "pipeline read=1 infer=2 write=1 infer_queue=300 write_queue=10 records_in=1234 "
        "records_out=1190 failed=4 records_out_rate=88.9 lag=55");
}

}  // namespace
}  // namespace rk
