#include "lib/batch/failure_tally.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/batch/make_batch.h"

namespace rk {
namespace {

struct Fixture {
  std::vector<std::string> warnings;
  FailureTally tally{[this](LogLevel level, std::string_view text) {
    CHECK(level == LogLevel::kWarning);
    warnings.emplace_back(text);
  }};

  void Fail(int64_t offset, const std::string& code) {
    RecordView record;
    record.offset = offset;
    tally.Add(MakeInfo({0, 100}), record, {"rk-infer", code, "no field 'age'"});
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "the first failure of each code is a warning that says where and why") {
  Fail(7, "missing-field");
  Fail(8, "missing-field");
  Fail(9, "invalid-json");
  REQUIRE(warnings.size() == 2);
  CHECK_THAT(warnings[0], Catch::Contains("code=missing-field topic=applications partition=3 "
                                          "offset=7 stage=rk-infer: no field 'age'"));
  CHECK_THAT(warnings[1], Catch::Contains("code=invalid-json") && Catch::Contains("offset=9"));
}

TEST_CASE_METHOD(Fixture, "failures are counted by code, the most frequent first") {
  Fail(1, "b");
  Fail(2, "a");
  Fail(3, "a");
  tally.Count("c");
  CHECK(tally.total() == 4);
  CHECK(tally.Summary() == "a 2, b 1, c 1");
  CHECK(warnings.size() == 2);
}

TEST_CASE_METHOD(Fixture, "codes without end do not grow the tally without end") {
  for (int i = 0; i < 1000; ++i) Fail(1, "code-" + std::to_string(i));
  CHECK(tally.by_code().size() == FailureTally::kMaxCodes + 1);
  CHECK(tally.by_code().at("other") == 1000 - FailureTally::kMaxCodes);
  CHECK(tally.total() == 1000);
  CHECK(warnings.size() <= FailureTally::kMaxCodes + 1);
}

}  // namespace rk
