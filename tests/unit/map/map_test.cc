#include <catch2/catch.hpp>

#include "lib/map/filter.h"
#include "lib/map/stamp.h"
#include "tests/unit/infer/frames.h"

namespace rk {
namespace {

std::chrono::system_clock::time_point Noon() {
  return std::chrono::system_clock::time_point(std::chrono::microseconds(1'732'536'000'000'042));
}

TEST_CASE("a stamp sets the time and the status and leaves every other byte") {
  Stamp stamp(Noon);
  const Frame out = stamp.Run(FrameOf({R"({"a": 1.50})", R"({"status":"new" ,"a":2})"}));
  CHECK(ValuesOf(out) == std::vector<std::string>{
                             R"({"a": 1.50,"processed_at":1732536000.000042,"status":"processed"})",
                             R"({"status":"processed" ,"a":2,"processed_at":1732536000.000042})"});
  CHECK(out.info().first_offset == 100);
  CHECK(out.info().next_offset == 102);
  CHECK(stamp.counts().records == 2);
  CHECK(stamp.counts().failed == 0);
}

TEST_CASE("a record that has no object fails in its place and no other does") {
  Stamp stamp(Noon);
  const Frame out = stamp.Run(FrameOf({"{", R"({})", "[]", ""}));
  CHECK(out.record(0).state == RecordState::kFailed);
  CHECK(out.record(0).failure.stage == "rk-map");
  CHECK(out.record(0).failure.code == "invalid-json");
  CHECK(out.record(0).value == "{");
  CHECK(out.record(1).state == RecordState::kOk);
  CHECK(out.record(2).failure.code == "not-an-object");
  CHECK(out.record(3).failure.code == "empty-value");
  CHECK(stamp.counts().failed == 3);
}

TEST_CASE("a tombstone is no record for a function: it goes on, is filtered or fails") {
  const auto values = {std::optional<std::string>(R"({"n":1})"), std::optional<std::string>(),
                       std::optional<std::string>("")};
  Filter filter("n=2");
  Frame out = filter.Run(FrameOf(values));
  CHECK(out.record(0).state == RecordState::kFiltered);
  CHECK(out.record(1).state == RecordState::kOk);
  CHECK(out.record(1).value == std::nullopt);
  CHECK(out.record(2).failure.code == "empty-value");
  CHECK(filter.counts().filtered == 1);

  filter.Treat(Tombstones::kDrop);
  out = filter.Run(FrameOf(values));
  CHECK(out.record(1).state == RecordState::kFiltered);
  CHECK(filter.counts().filtered == 3);
  CHECK(filter.counts().failed == 2);

  filter.Treat(Tombstones::kFail);
  out = filter.Run(FrameOf(values));
  CHECK(out.record(1).failure.code == "null-value");

  CHECK(Stamp(Noon).Run(FrameOf(values)).record(1).state == RecordState::kOk);
}

TEST_CASE("a filter marks what it holds back and loses nothing") {
  Filter filter("n>1");
  const Frame in = FrameOf({R"({"n":1})", R"({"n":2})", R"({"n":"x"})", R"({})"});
  const Frame out = filter.Run(in);
  REQUIRE(out.record_count() == 4);
  CHECK(ValuesOf(out) == ValuesOf(in));
  CHECK(out.record(0).state == RecordState::kFiltered);
  CHECK(out.record(1).state == RecordState::kOk);
  CHECK(out.record(2).failure.code == "wrong-type");
  CHECK(out.record(3).state == RecordState::kFiltered);
  CHECK(filter.counts().filtered == 2);
  CHECK(filter.counts().failed == 1);

  const Frame again = Filter("n=1").Run(out);  // passes by what is failed or filtered already
  CHECK(again.record(0).state == RecordState::kFiltered);
  CHECK(again.record(1).state == RecordState::kFiltered);
  CHECK(again.record(2).failure.code == "wrong-type");
}

}  // namespace
}  // namespace rk
