#include "lib/link/refusal_log.h"

#include <catch2/catch.hpp>

#include "lib/link/handshakes.h"

namespace rk {

using std::chrono::seconds;

TEST_CASE("a refusal is told at once, and then once a minute with how often it came") {
  RefusalLog log;
  const RefusalLog::Clock::time_point start{};
  CHECK(log.Refused("10.0.0.9", "no key", start) == "no key peer=10.0.0.9");
  for (int i = 1; i <= 59; ++i) CHECK_FALSE(log.Refused("10.0.0.9", "no key", start + seconds(i)));
  CHECK(log.Refused("10.0.0.9", "no key", start + seconds(60)) == "no key peer=10.0.0.9 times=60");
  CHECK_FALSE(log.Refused("10.0.0.9", "no key", start + seconds(61)));
}

TEST_CASE("each peer and reason is told by itself") {
  RefusalLog log;
  CHECK(log.Refused("10.0.0.9", "no key", {}));
  CHECK(log.Refused("10.0.0.8", "no key", {}));
  CHECK(log.Refused("10.0.0.9", "nonsense", {}));
}

TEST_CASE("many strangers together are a line a minute") {
  RefusalLog log;
  const RefusalLog::Clock::time_point start{};
  int lines = 0;
  for (int i = 0; i < 10'000; ++i)
    lines += log.Refused(std::to_string(i), "no key", start).has_value() ? 1 : 0;
  CHECK(lines == static_cast<int>(RefusalLog::kMostPeers) + 1);
  CHECK(log.Refused("one more", "no key", start + seconds(60)) == "no key peer=one more");
}

TEST_CASE("a connection that fails in its handshake is told with its peer") {
  Handshakes handshakes;
  handshakes.Began(7, "10.0.0.9");
  handshakes.Failed("came without keys");
  const auto failed = handshakes.Ended(7);
  REQUIRE(failed);
  CHECK(failed->peer == "10.0.0.9");
  CHECK(failed->reason == "came without keys");
}

TEST_CASE("a connection that ends after its handshake is nobody's failure") {
  Handshakes handshakes;
  handshakes.Began(7, "10.0.0.1");
  handshakes.Succeeded();
  CHECK_FALSE(handshakes.Ended(7));
  handshakes.Began(7, "10.0.0.9");  // as the kernel uses descriptors again
  CHECK(handshakes.Ended(7)->peer == "10.0.0.9");
}

TEST_CASE("one that ends without ever beginning a handshake is told, and another's is not") {
  Handshakes handshakes;
  handshakes.Began(7, "10.0.0.9");
  handshakes.Began(8, "10.0.0.1");
  CHECK(handshakes.Ended(7)->reason == "did not speak as a stage does");
  handshakes.Succeeded();
  CHECK_FALSE(handshakes.Ended(8));
}

TEST_CASE("once one of two has failed the other is the one that succeeded") {
  Handshakes handshakes;
  handshakes.Began(7, "10.0.0.9");
  handshakes.Began(8, "10.0.0.1");
  handshakes.Succeeded();
  handshakes.Failed("came without keys");
  CHECK(handshakes.Ended(7)->peer == "10.0.0.9");
  handshakes.Began(7, "10.0.0.9");
  CHECK(handshakes.Ended(7)->reason == "did not speak as a stage does");
  CHECK_FALSE(handshakes.Ended(8));
}

TEST_CASE("what has been said of a failure elsewhere is not said again") {
  Handshakes handshakes;
  handshakes.Began(7, "10.0.0.9");
  handshakes.Failed("");
  CHECK_FALSE(handshakes.Ended(7));
}

}  // namespace rk
