#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/batch/buffer.h"
#include "lib/load/expectation.h"
#include "lib/load/payload.h"
#include "lib/load/schedule.h"
#include "lib/load/tally.h"

using rk::Error;
using rk::Schedule;
using rk::Tally;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST_CASE("a constant load is evenly spread") {
  const Schedule schedule(Schedule::Profile::kConstant, 1000, seconds(3));
  CHECK(schedule.count() == 3000);
  CHECK(schedule.At(0) == nanoseconds(0));
  CHECK(schedule.At(1500) == milliseconds(1500));
}

TEST_CASE("a burst sends a second's records in its first tenth") {
  const Schedule schedule(Schedule::Profile::kBurst, 1000, seconds(2));
  CHECK(schedule.count() == 2000);
  CHECK(schedule.At(500) == milliseconds(50));
  CHECK(schedule.At(1000) == milliseconds(1000));
  CHECK(schedule.At(1999) < milliseconds(1100));
}

TEST_CASE("a ramp ends at its rate") {
  const Schedule schedule(Schedule::Profile::kRamp, 1000, seconds(10));
  CHECK(schedule.count() == 5000);
  CHECK(schedule.At(1250) == seconds(5));
  CHECK((schedule.At(4999) - schedule.At(4998)).count() == Approx(1e6).epsilon(0.01));
}

TEST_CASE("a schedule never goes back") {
  for (const auto profile :
       {Schedule::Profile::kConstant, Schedule::Profile::kBurst, Schedule::Profile::kRamp}) {
    const Schedule schedule(profile, 77.7, seconds(13));
    for (uint64_t n = 1; n < schedule.count(); ++n) {
      REQUIRE(schedule.At(n) > schedule.At(n - 1));
    }
    CHECK(schedule.At(schedule.count() - 1) < seconds(13));
  }
}

TEST_CASE("a tally counts what is lost, comes twice, in another order, or was never sent") {
  Tally tally(10, 2);
  for (const uint64_t id : {1, 2, 5, 5, 8, 6, 3, 99}) tally.Add(id, milliseconds(1));
  CHECK(tally.distinct() == 6);
  CHECK(tally.duplicates() == 1);
  CHECK(tally.disordered() == 2);  // 6 after 8, 3 after 5
  CHECK(tally.unknown() == 1);
}

TEST_CASE("quantiles of latencies are right to within a hundredth") {
  rk::LatencyHistogram histogram;
  CHECK(histogram.Quantile(0.5).count() == 0);
  for (int ms = 1; ms <= 1000; ++ms) histogram.Add(milliseconds(ms));
  CHECK(static_cast<double>(histogram.Quantile(0.5).count()) == Approx(500e6).epsilon(0.011));
  CHECK(static_cast<double>(histogram.Quantile(0.99).count()) == Approx(990e6).epsilon(0.011));
  CHECK(static_cast<double>(histogram.Quantile(1).count()) == Approx(1000e6).epsilon(0.011));
}

TEST_CASE("an expectation that does not hold is told with what was measured") {
  const auto expected = rk::ParseExpectations("loss=0,p99<50ms,duplicates<=2,max>=1s,p50<30us");
  const rk::Measurements measured{
      {"loss", 3}, {"p99", 0.0499}, {"duplicates", 2}, {"max", 0.5}, {"p50", 20e-6}};
  CHECK(rk::Unmet(expected, measured) ==
        std::vector<std::string>{"loss=0 (it is 3)", "max>=1s (it is 500.000ms)"});
}

TEST_CASE("a latency of no results meets no expectation") {
  CHECK(rk::Unmet(rk::ParseExpectations("loss<=10,p99<50ms"), {{"sent", 10}, {"loss", 10}}) ==
        std::vector<std::string>{"p99<50ms (no result has come)"});
}

TEST_CASE("what cannot be expected is refused by name") {
  for (const char* text : {"", "loss", "loss=", "loss=x", "lost=0", "p99<50", "loss=1ms", "loss=>0",
                           "p99<50ms,", "p99<5mss", "=0"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(rk::ParseExpectations(text), Error);
  }
}

TEST_CASE("what holds, or fails, whatever is measured cannot be expected") {
  const std::map<std::string, std::string> reasons = {
      {"loss<inf", "from 0 to 1e+18"},
      {"p99<infms", "from 0 to 1000000000s"},
      {"p99<1e10s", "from 0 to 1000000000s"},
      {"loss<1e19", "from 0 to 1e+18"},
      {"loss<1e400", "write NAME=N"},
      {"loss=nan", "from 0 to 1e+18"},
      {"loss>=-1", "loss is never less than 0"},
      {"p50>-0ms", "p50 is never less than 0"},
      {"loss>=0", "it always holds"},
      {"p99>=0ms", "it always holds"},
      {"duplicates<0", "it never holds"},
      {"loss=0.5", "loss is a whole number"},
  };
  for (const auto& [text, reason] : reasons) {
    CHECK_THROWS_WITH(
        rk::ParseExpectations(text),
        Catch::Contains("'" + text + "' cannot be expected: ") && Catch::Contains(reason));
  }
  CHECK(rk::ParseExpectations("loss<=0,loss<0.5,sent>0,p99=0ms").size() == 4);
}

TEST_CASE("a mark is found again, also in JSON that was written anew") {
  const rk::LoadMark mark{7, 42, 1790000000123456789};
  rk::MarkReader reader;
  const auto read = [&reader](const std::string& json) {
    rk::Buffer padded;
    padded.Append(json);
    return reader.Read(padded.view());
  };
  for (const std::string& json :
       {rk::MarkedPayload(mark, "k2", R"({"a":[1,2]})"), rk::MarkedPayload(mark, "k2", " { } "),
        std::string(R"({"a": 1, "load": {"ns": 1790000000123456789, "id": 42, "run": 7}})")}) {
    CAPTURE(json);
    const auto found = read(json);
    REQUIRE(found);
    CHECK(found->run == 7);
    CHECK(found->id == 42);
    CHECK(found->scheduled_ns == mark.scheduled_ns);
  }
  CHECK_FALSE(read(R"({"id":42})"));
  CHECK_FALSE(read("text"));
}

TEST_CASE("only a JSON object can be marked") {
  for (const char* body : {"", "[1]", "7", "{"}) {
    CAPTURE(body);
    CHECK_THROWS_AS(rk::MarkedPayload({}, "k", body), Error);
  }
}
