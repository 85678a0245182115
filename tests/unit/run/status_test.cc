#include "lib/run/status.h"

#include <unistd.h>

#include <chrono>
#include <iterator>
#include <sstream>

#include <catch2/catch.hpp>

#include "lib/observe/metrics.h"
#include "tests/unit/run/fake_children.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Unit MakeUnit(const std::string& name, Role role, size_t processes = 1) {
  Unit unit;
  unit.name = name;
  unit.role = role;
  for (size_t i = 0; i < processes; ++i) {
    unit.processes.push_back({name + "." + std::to_string(i), {"rk-" + name}});
  }
  return unit;
}

std::vector<Unit> Units() {
  std::vector<Unit> units = {
      MakeUnit("read", Role::kRead), MakeUnit("infer-balance", Role::kBalance),
      MakeUnit("infer", Role::kMiddle, 2), MakeUnit("write-balance", Role::kBalance),
      MakeUnit("write", Role::kWrite)};
  units[2].queue = 1;
  units[4].queue = 3;
  return units;
}

// A pipeline of children that are none, looked at once a second.
class Watched {
 public:
  Watched() { supervisor.Step(now); }

  void Say(const std::string& name, const std::string& line) const {
    children.of(name).lines.push_back(line);
  }
  void Queues(size_t before_infer, size_t before_write) const {
    Say("infer-balance.0", "metrics rk_queue_records=" + std::to_string(before_infer));
    Say("write-balance.0", "metrics rk_queue_records=" + std::to_string(before_write));
  }
  PipelineStatus Look() {
    now += seconds(1);
    supervisor.Step(now);
    return tracker.Look(supervisor, now);
  }

  FakeChildren children;
  StatusTracker::Clock::time_point now{seconds(1000)};
  Supervisor supervisor{Units(), {children.starter(), [] {}, [](LogLevel, std::string_view) {}, 8}};
  StatusTracker tracker{"credit", now};
};

// What a status may hold, made by hand.
PipelineStatus Sample() {
  StageStatus read;
  read.name = "read";
  read.role = Role::kRead;
  read.replicas = read.wanted = read.max = 1;
  read.in = read.out = 1234;
  read.rate = 99.6;
  read.rss_bytes = 20'000'000;
  read.lag_records = 55;
  read.metrics.numbers = {{"rk_records_total", 1234}, {"rk_lag_records", 55}};
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
  infer.metrics.numbers = {{"rk_records_in_total", 1200}};
  infer.metrics.histograms["rk_batch_seconds"].counts[0] = 3;
  infer.metrics.histograms["rk_batch_seconds"].counts[2] = 4;
  infer.metrics.histograms["rk_batch_seconds"].counts[kHistogramBuckets - 1] = 1;
  infer.metrics.histograms["rk_batch_seconds"].sum = 61.5;
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

TEST_CASE("a pipeline is starting, then running, then draining") {
  Watched watched;
  watched.children.of("infer.0").lines.clear();
  CHECK(watched.Look().state == "starting");
  watched.Say("infer.0", "ready");
  const PipelineStatus running = watched.Look();
  CHECK(running.name == "credit");
  CHECK(running.state == "running");
  CHECK(running.uptime_s == 2);
  watched.supervisor.Drain();
  CHECK(watched.Look().state == "draining");
}

TEST_CASE("each role counts by its own names") {
  Watched watched;
  watched.Say("read.0", "metrics rk_records_total=100 rk_lag_records=7");
  watched.Say("infer.0", "metrics rk_records_in_total=90 rk_failed_total=3");
  watched.Say("write.0",
              "metrics rk_records_in_total=80 rk_records_out_total=70 rk_dead_letters_total=3");
  watched.children.of("infer.0").pid = getpid();
  const PipelineStatus status = watched.Look();
  const StageStatus& read = status.stages[0];
  CHECK(read.in == 100);
  CHECK(read.out == 100);
  CHECK(read.lag_records == 7);
  CHECK_FALSE(read.has_queue);
  const StageStatus& infer = status.stages[2];
  CHECK(infer.in == 90);
  CHECK(infer.out == 90);
  CHECK(infer.failed == 3);
  CHECK(infer.replicas == 1);
  CHECK(infer.wanted == 1);
  CHECK(infer.max == 2);
  CHECK(infer.has_queue);
  CHECK(infer.rss_bytes > 1'000'000);
  const StageStatus& write = status.stages[4];
  CHECK(write.in == 80);
  CHECK(write.out == 70);
  CHECK(write.failed == 3);
}

TEST_CASE("a restart is counted, and the counts go on") {
  Watched watched;
  watched.Say("infer.0", "metrics rk_records_in_total=90");
  watched.Look();
  watched.children.of("infer.0").status = 137;
  watched.Look();
  watched.Say("infer.0", "metrics rk_records_in_total=10");
  const StageStatus infer = watched.Look().stages[2];
  CHECK(infer.restarts == 1);
  CHECK(infer.in == 100);
}

TEST_CASE("a rate is that of the last ten seconds") {
  Watched watched;
  size_t records = 0;
  PipelineStatus status;
  const auto pass = [&](int looks, size_t each) {
    for (int look = 0; look < looks; ++look) {
      records += each;
      watched.Say("write.0", "metrics rk_records_out_total=" + std::to_string(records));
      status = watched.Look();
    }
    return status.stages[4].rate;
  };
  CHECK(pass(1, 100) == 0);  // there is no earlier look
  CHECK(pass(1, 100) == 100);
  CHECK(pass(20, 50) == 50);
  CHECK(pass(5, 0) == 25);
  CHECK(pass(5, 0) == 0);
}

TEST_CASE("what waited is what waited in the last ten seconds, in the balance before a stage") {
  Watched watched;
  Metrics metrics;
  Histogram& wait = metrics.Histogram("queue_wait_seconds");
  const auto look = [&] {
    watched.Say("infer-balance.0", metrics.Export());
    return watched.Look().stages[2].wait_p99_s;
  };
  look();
  wait.Observe(seconds(3), 100);
  CHECK(look() > 2);
  CHECK(look() < 5);
  for (int round = 0; round < 12; ++round) look();
  wait.Observe(milliseconds(1), 100);
  CHECK(look() <= 0.001);
}

TEST_CASE("the bottleneck is the last stage before which something waits from look to look") {
  Watched watched;
  watched.Queues(0, 0);
  CHECK(watched.Look().bottleneck.empty());
  watched.Queues(500, 0);
  CHECK(watched.Look().bottleneck.empty());  // it was empty just now
  CHECK(watched.Look().bottleneck == "infer");
  watched.Queues(500, 100);
  CHECK(watched.Look().bottleneck == "infer");
  CHECK(watched.Look().bottleneck == "write");
  watched.Queues(500, 0);
  CHECK(watched.Look().bottleneck == "infer");
  watched.Queues(0, 0);
  CHECK(watched.Look().bottleneck.empty());
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
  CHECK_THAT(text, Catch::Contains("# TYPE rk_replicas gauge\n"
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
        text, "rk_batch_seconds_bucket{pipeline=\"credit\",stage=\"infer\",le=\"" + bound + "\"} ");
  };
  CHECK_THAT(bucket("5e-05"), Catch::EndsWith("} 3"));
  CHECK_THAT(bucket("0.0001"), Catch::EndsWith("} 3"));
  CHECK_THAT(bucket("0.0002"), Catch::EndsWith("} 7"));
  CHECK_THAT(bucket("60"), Catch::EndsWith("} 7"));
  CHECK_THAT(bucket("+Inf"), Catch::EndsWith("} 8"));
  CHECK_THAT(Line(text, "rk_batch_seconds_sum"), Catch::EndsWith("} 61.500000000"));
  CHECK_THAT(Line(text, "rk_batch_seconds_count"), Catch::EndsWith("} 8"));
}

TEST_CASE("the line says how many there are of what, what waits, and what came through") {
  PipelineStatus status = Sample();
  StageStatus balance;
  balance.name = "write-balance";
  balance.role = Role::kBalance;
  StageStatus write;
  write.name = "write";
  write.role = Role::kWrite;
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
