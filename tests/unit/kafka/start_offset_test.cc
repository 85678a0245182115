#include "lib/kafka/start_offset.h"

#include <string>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/kafka/iso_time.h"

namespace rk {
namespace {

using Kind = StartOffset::Kind;

// 2026-01-02T03:04:05.678Z
constexpr int64_t kNowMs = 1'767'323'045'678;
const std::chrono::system_clock::time_point kNow{std::chrono::milliseconds(kNowMs)};

StartOffset Parse(const std::string& text) { return ParseStartOffset(text, kNow); }

std::string Refusal(const std::string& text) {
  try {
    Parse(text);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kUsage);
    return error.what();
  }
  return "";
}

TEST_CASE("where to begin is a word or a number") {
  CHECK(Parse("beginning") == StartOffset{Kind::kBeginning, 0});
  CHECK(Parse("earliest") == StartOffset{Kind::kBeginning, 0});
  CHECK(Parse("end") == StartOffset{Kind::kEnd, 0});
  CHECK(Parse("latest") == StartOffset{Kind::kEnd, 0});
  CHECK(Parse("stored") == StartOffset{Kind::kStored, 0});
  CHECK(Parse("0") == StartOffset{Kind::kAbsolute, 0});
  CHECK(Parse("1767323045") == StartOffset{Kind::kAbsolute, 1'767'323'045});
  CHECK(Parse("-10") == StartOffset{Kind::kTail, 10});
}

TEST_CASE("where to begin is a time") {
  CHECK(Parse("s@1767323045678") == StartOffset{Kind::kTimestamp, kNowMs});
  CHECK(Parse("2026-01-02T03:04:05.678Z") == StartOffset{Kind::kTimestamp, kNowMs});
  CHECK(Parse("s@2026-01-02T03:04:05.678Z") == StartOffset{Kind::kTimestamp, kNowMs});
  CHECK(Parse("2026-01-02T04:04+01:00") == StartOffset{Kind::kTimestamp, kNowMs - 5'678});
  CHECK(Parse("2026-01-01T22:34:05-0430") == StartOffset{Kind::kTimestamp, kNowMs - 678});
  CHECK(Parse("2026-01-02T03:04:05.6789123Z") == StartOffset{Kind::kTimestamp, kNowMs});
  CHECK(Parse("2026-01-02T03:04:05.6Z") == StartOffset{Kind::kTimestamp, kNowMs - 78});
  CHECK(Parse("2024-02-29T00:00:00Z") == StartOffset{Kind::kTimestamp, 1'709'164'800'000});
}

TEST_CASE("where to begin is so long ago") {
  CHECK(Parse("-10m") == StartOffset{Kind::kTimestamp, kNowMs - 600'000});
  CHECK(Parse("-90s") == StartOffset{Kind::kTimestamp, kNowMs - 90'000});
  CHECK(Parse("-2h") == StartOffset{Kind::kTimestamp, kNowMs - 7'200'000});
  CHECK(Parse("s@-1d") == StartOffset{Kind::kTimestamp, kNowMs - 86'400'000});
  CHECK(Parse("-30000d") == StartOffset{Kind::kTimestamp, 0});
}

TEST_CASE("seconds in place of milliseconds are refused with what they would be") {
  const std::string refusal = Refusal("s@1767323045");
  CHECK(refusal.find("1970-01-21T10:55:23Z in milliseconds") != std::string::npos);
  CHECK(refusal.find("2026-01-02T03:04:05Z, write s@1767323045000") != std::string::npos);
  CHECK(Parse("s@0") == StartOffset{Kind::kTimestamp, 0});
  CHECK(Parse("s@99999999") == StartOffset{Kind::kTimestamp, 99'999'999});
  CHECK(Parse("s@100000000000") == StartOffset{Kind::kTimestamp, 100'000'000'000});
}

TEST_CASE("what is no place to begin is refused") {
  CHECK(Refusal("2026-01-02T03:04:05").find("no time zone") != std::string::npos);
  for (const char* text :
       {"", "-", "s@", "s@x", "-m", "-10w", "-1.5h", "10m", "+1", "2026-01-02", "2026-02-29T00:00Z",
        "2026-01-02T24:00Z", "2026-01-02T3:04Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Zz",
        "2026-01-02 03:04Z", "1969-12-31T23:59Z", "-99999999999999999d", "--1"}) {
    CAPTURE(text);
    CHECK(Refusal(text).find("offset '" + std::string(text) + "' ") == 0);
  }
}

}  // namespace
}  // namespace rk
