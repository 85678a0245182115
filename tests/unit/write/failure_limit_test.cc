#include "lib/write/failure_limit.h"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "lib/base/error.h"

using rk::FailureLimit;

TEST_CASE("a number of failures is exceeded by one more, at once") {
  const FailureLimit limit = FailureLimit::Parse("3");
  CHECK_FALSE(limit.IsExceeded(3, 3, true));
  CHECK(limit.IsExceeded(4, 1'000'000, false));
}

TEST_CASE("a share of failures is judged at the end, and before it once enough records came") {
  const FailureLimit limit = FailureLimit::Parse("2.5%");
  CHECK_FALSE(limit.IsExceeded(999, 999, false));
  CHECK(limit.IsExceeded(26, 1000, false));
  CHECK_FALSE(limit.IsExceeded(25, 1000, false));
  CHECK(limit.IsExceeded(1, 10, true));
  CHECK_FALSE(limit.IsExceeded(0, 0, true));
}

TEST_CASE("none at all may be allowed to fail") {
  CHECK(FailureLimit::Parse("0").IsExceeded(1, 1, false));
  CHECK(FailureLimit::Parse("0%").IsExceeded(1, 5000, false));
}

TEST_CASE("all may be allowed to fail") {
  CHECK_FALSE(FailureLimit::Parse("100%").IsExceeded(5000, 5000, true));
}

TEST_CASE("an exceeded limit is bad data that names the counts, the codes and the limit") {
  rk::FailureTally failures([](rk::LogLevel, std::string_view) {});
  const FailureLimit limit = FailureLimit::Parse("1");
  failures.Count("missing-field");
  CHECK_NOTHROW(limit.Check(failures, 600, true));
  failures.Count("missing-field");
  try {
    limit.Check(failures, 600, false);
    FAIL("it is not exceeded");
  } catch (const rk::Error& error) {
    CHECK(error.kind() == rk::ErrorKind::kBadData);
    CHECK(error.what() == std::string("2 of 600 records failed: missing-field 2 (--max-failed 1)"));
  }
}

TEST_CASE("what is neither a number nor a share is refused by name") {
  for (const char* text : {"", "%", "x", "3x", "-1", "101%", "1.5", "5 %"}) {
    INFO(text);
    try {
      FailureLimit::Parse(text);
      FAIL("it is taken");
    } catch (const rk::Error& error) {
      CHECK(error.kind() == rk::ErrorKind::kUsage);
      CHECK_THAT(error.what(), Catch::Contains(std::string("'") + text + "'"));
    }
  }
}
