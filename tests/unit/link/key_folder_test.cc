#include "lib/link/key_folder.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "tests/unit/link/test_keys.h"

namespace rk {
namespace {

mode_t ModeOf(const std::string& path) {
  struct stat status = {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("a pair of keys is made once, the secret half for its owner alone") {
  const TestDirectory directory;
  const std::string path = directory.path() + "/keys";
  CHECK(MakeKeys(path));
  CHECK(ModeOf(path) == 0700);
  CHECK(ModeOf(path + "/own.key_secret") == 0600);
  const KeyFolder keys(path);
  CHECK(keys.own().public_key.size() == 40);
  CHECK(keys.own().secret_key.size() == 40);
  CHECK_FALSE(MakeKeys(path));
  CHECK(KeyFolder(path).own().secret_key == keys.own().secret_key);
}

TEST_CASE("keys are never replaced, whichever half is there") {
  const TestDirectory directory;
  const std::string path = directory.path() + "/keys";
  MakeKeys(path);
  const std::string own = KeyFolder(path).own().public_key;
  SECTION("a public half that was lost is made again") {
    std::filesystem::remove(path + "/own.key");
    CHECK(MakeKeys(path));
    std::stringstream text;
    text << std::ifstream(path + "/own.key").rdbuf();
    CHECK_THAT(text.str(), Catch::Contains(own));
    CHECK(ModeOf(path + "/own.key") == 0644);
  }
  SECTION("a public half alone is refused, and stays") {
    std::filesystem::remove(path + "/own.key_secret");
    CHECK_THROWS_WITH(MakeKeys(path), Catch::Contains(path + "/own.key has no secret half"));
    CHECK(std::filesystem::exists(path + "/own.key"));
    CHECK_FALSE(std::filesystem::exists(path + "/own.key_secret"));
  }
  SECTION("a public half of another pair is refused") {
    const std::string other = TestKeys().Load()->own().public_key;
    std::ofstream(path + "/own.key") << "public-key = \"" << other << "\"\n";
    CHECK_THROWS_WITH(MakeKeys(path), Catch::Contains("is not the public half"));
  }
}

TEST_CASE("two machines have different keys") {
  CHECK(TestKeys().Load()->own().public_key != TestKeys().Load()->own().public_key);
}

TEST_CASE("a key belongs to whoever has its file, as long as that is there") {
  const TestKeys here;
  const TestKeys there;
  const auto keys = here.Load();
  const std::string key = there.Load()->own().public_key;
  CHECK(keys->NamesOf(key).empty());
  here.Know(there, "gpu1");
  CHECK(keys->NamesOf(key) == std::vector<std::string>{"gpu1"});
  here.Forget("gpu1");
  CHECK(keys->NamesOf(key).empty());
  CHECK(keys->NamesOf(keys->own().public_key) == std::vector<std::string>{"own"});
}

TEST_CASE("a host has the key of its file, this machine its own, others none") {
  const TestKeys here;
  const TestKeys there;
  here.Know(there, "203.0.113.7");
  CHECK(here.Load()->KeyOf("203.0.113.7") == there.Load()->own().public_key);
  CHECK(here.Load()->KeyOf("127.0.0.1") == here.Load()->own().public_key);
  CHECK_THROWS_WITH(here.Load()->KeyOf("203.0.113.8"),
                    Catch::Contains(here.peers() + "/203.0.113.8.key is not there"));
}

TEST_CASE("a key file that is missing, none, or open to others is named") {
  const TestKeys keys;
  const std::string secret = keys.path() + "/own.key_secret";
  SECTION("missing") {
    std::filesystem::remove(secret);
    CHECK_THROWS_WITH(keys.Load(), Catch::Contains(secret) && Catch::Contains("No such file"));
  }
  SECTION("a folder that is not there") {
    CHECK_THROWS_WITH(KeyFolder("/no/such"), Catch::Contains("/no/such: No such file"));
  }
  SECTION("open to others") {
    chmod(secret.c_str(), 0640);
    CHECK_THROWS_WITH(keys.Load(), Catch::Contains(secret) && Catch::Contains("mode 640") &&
                                       Catch::Contains("chmod 600"));
  }
  SECTION("peers that others can add to") {
    chmod(keys.peers().c_str(), 0770);
    CHECK_THROWS_WITH(keys.Load(), Catch::Contains(keys.peers()) && Catch::Contains("chmod go-w"));
  }
  SECTION("no key in it") {
    std::ofstream(secret) << "public-key = \"short\"\n";
    CHECK_THROWS_WITH(keys.Load(), Catch::Contains(secret) && Catch::Contains("not a key file"));
  }
  SECTION("halves that do not belong together") {
    const std::string others = TestKeys().Load()->own().public_key;
    const std::string ours = keys.Load()->own().secret_key;
    std::ofstream(secret) << "public-key = \"" << others << "\"\nsecret-key = \"" << ours << "\"\n";
    CHECK_THROWS_WITH(keys.Load(), Catch::Contains(secret) && Catch::Contains("does not belong"));
  }
  SECTION("a peer's file with no key in it") {
    std::ofstream(keys.peers() + "/203.0.113.7.key") << "nothing";
    CHECK_THROWS_WITH(keys.Load()->KeyOf("203.0.113.7"),
                      Catch::Contains("203.0.113.7.key") && Catch::Contains("not a key file"));
  }
}

}  // namespace rk
