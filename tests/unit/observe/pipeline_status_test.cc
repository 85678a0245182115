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
  read.tool = "rk-read";
  read.took = {0.002, 0.03};
  read.processes = {{"read.0", "ready", 41, 20'000'000, 0.5}};
  read.metrics.numbers = {
      {"records", MetricKind::kCounter, 1234},
      {"lag_records", MetricKind::kGauge, 55},
      {"assigned", MetricKind::kGauge, 1},
      {"partition_lag_records", MetricKind::kGauge, 55, "topic=\"loans\",partition=\"0\""}};
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
  infer.tool = "rk-infer";
  infer.queue_limit = 1000;
  infer.busy = 0.875;
  infer.failed_rate = 0.5;
  infer.processes = {{"infer.0", "ready", 42, 150'400'000, 0.5}, {"infer.1", "waiting", 0, 0, 0}};
  infer.metrics.numbers = {{"records_in", MetricKind::kCounter, 1200},
                           {"failures", MetricKind::kCounter, 2, "code=\"type\""},
                           {"reloads", MetricKind::kCounter, 1},
                           {"reload_failures", MetricKind::kCounter, 0}};
  HistogramValue calls;
  calls.counts[0] = 3;
  calls.counts[2] = 4;
  calls.counts[kHistogramBuckets - 1] = 1;
  calls.sum = 61.5;
  infer.metrics.histograms = {{"call_seconds", calls}};
  return {"credit",
          "running",
          12.34,
          "infer",
          {read, infer},
          1'700'000'000'123,
          {{1'700'000'000'000, LogLevel::kWarning, "died stage=infer.1 \"x\""}}};
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
      R"({"name":"credit","state":"running","at_ms":1700000000123,"uptime_seconds":12.3,)"
      R"("bottleneck":"infer","not_ready":null,"stages":[)"
      R"({"stage":"read","role":"reader","tool":"rk-read","replicas":1,"wanted":1,"max":1,)"
      R"("restarts":0,"in":1234,"out":1234,"failed":0,"records_per_second":99.6,)"
      R"("failed_per_second":0.0,"rss_bytes":20000000,"p50_seconds":0.002000,)"
      R"("p99_seconds":0.030000,"lag":55,"partitions":[{"topic":"loans","partition":0,"lag":55}],)"
      R"("processes":[{"name":"read.0","state":"ready","pid":41,"rss_bytes":20000000}]},)"
      R"({"stage":"infer","role":"middle","tool":"rk-infer","replicas":2,"wanted":2,"max":4,)"
      R"("restarts":3,"in":1200,"out":1200,"failed":2,"records_per_second":90.2,)"
      R"("failed_per_second":0.5,"rss_bytes":150400000,"p50_seconds":0.000000,)"
      R"("p99_seconds":0.000000,"busy":0.875,"queue":300,"queue_limit":1000,)"
      R"("wait_p99_seconds":0.012300,"failures":[{"code":"type","records":2}],"reloads":1,)"
      R"("reload_failures":0,"processes":[{"name":"infer.0","state":"ready","pid":42,)"
      R"("rss_bytes":150400000},{"name":"infer.1","state":"waiting","pid":0,"rss_bytes":0}]}],)"
      R"("events":[{"at_ms":1700000000000,"level":"warning","text":"died stage=infer.1 \"x\""}]})"
      "\n");
  PipelineStatus idle = Sample();
  idle.bottleneck.clear();
  idle.state = "draining";
  CHECK_THAT(StatusJson(idle), Catch::Contains(R"("bottleneck":null,)"));
  CHECK_THAT(StatusJson(idle), Catch::Contains(R"("not_ready":"the pipeline drains",)"));
}

TEST_CASE("a pipeline is ready when it runs and the group has answered each reader, else why not") {
  PipelineStatus status = Sample();
  CHECK(WhyNotReady(status).empty());
  status.stages[0].wanted = 2;
  CHECK(WhyNotReady(status) == "read has no partition assignment yet");
  status.state = "draining";
  CHECK(WhyNotReady(status) == "the pipeline drains");
  status.stages[0].wanted = 1;
  status.state = "starting";
  CHECK(WhyNotReady(status) == "infer.1 is waiting");
  status.stages[1].processes.clear();
  CHECK(WhyNotReady(status) == "the pipeline is starting");
}

TEST_CASE("a pipeline that waits for another machine is not ready, and says for which") {
  PipelineStatus status = Sample();
  status.stages[1].awaited = "tokens";
  status.stages[1].processes[0].state = "joining";
  status.stages[1].processes[0].waits = "tcp://a:1 is \"no\" stage";
  const std::string why = "tokens waits for a machine to join, infer.0: tcp://a:1 is \"no\" stage";
  CHECK(WhyNotReady(status) == why);
  CHECK_THAT(StatusTable(status), Catch::EndsWith("not ready: " + why + "\n"));
  CHECK_THAT(StatusJson(status),
             Catch::Contains(R"("rss_bytes":150400000,"waits":"tcp://a:1 is \"no\" stage"})"));
  CHECK_THAT(StatusPrometheus(status), Catch::Contains("rk_ready{pipeline=\"credit\"} 0"));
}

TEST_CASE("a process that has been silent for long is not healthy") {
  PipelineStatus status = Sample();
  CHECK(WhyNotHealthy(status).empty());
  status.stages[1].processes[0].silent_s = 15;
  CHECK(WhyNotHealthy(status).empty());
  status.stages[1].processes[0].silent_s = 17.2;
  CHECK(WhyNotHealthy(status) == "infer.0 has been silent for 17 s");
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
  CHECK_THAT(text, Catch::StartsWith("# HELP rk_ready "));
  CHECK(Line(text, "rk_ready") == "rk_ready{pipeline=\"credit\"} 1");
  CHECK_THAT(text, Catch::Contains("rk_bottleneck{pipeline=\"credit\",stage=\"read\"} 0\n"
                                   "rk_bottleneck{pipeline=\"credit\",stage=\"infer\"} 1\n"));
  CHECK_THAT(text, Catch::Contains("rk_replicas_ready{pipeline=\"credit\",stage=\"infer\"} 1\n"));
  CHECK_THAT(text, Catch::Contains("rk_partition_lag_records{pipeline=\"credit\",stage=\"read\","
                                   "topic=\"loans\",partition=\"0\"} 55\n"));
  const auto bucket = [&](const std::string& bound) {
    return Line(
        text, "rk_call_seconds_bucket{pipeline=\"credit\",stage=\"infer\",le=\"" + bound + "\"} ");
  };
  CHECK_THAT(bucket("1e-05"), Catch::EndsWith("} 3"));
  CHECK_THAT(bucket("2e-05"), Catch::EndsWith("} 3"));
  CHECK_THAT(bucket("5e-05"), Catch::EndsWith("} 7"));
  CHECK_THAT(bucket("1.0"), Catch::EndsWith("} 7"));
  CHECK_THAT(bucket("60.0"), Catch::EndsWith("} 7"));
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
