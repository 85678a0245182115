#include "lib/http/token.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "lib/base/error.h"

namespace rk {
namespace {

TEST_CASE("a client has the token as a bearer, or as a password of whatever user") {
  CHECK(HasToken("Bearer s3cret", "s3cret"));
  CHECK(HasToken("bearer s3cret", "s3cret"));
  CHECK(HasToken("Basic OnMzY3JldA==", "s3cret"));  // :s3cret
  CHECK(HasToken("basic bWU6czNjcmV0", "s3cret"));  // me:s3cret
  CHECK(HasToken("Basic bWU6YTpi", "a:b"));         // me:a:b
  CHECK_FALSE(HasToken("", "s3cret"));
  CHECK_FALSE(HasToken("s3cret", "s3cret"));
  CHECK_FALSE(HasToken("Bearer", "s3cret"));
  CHECK_FALSE(HasToken("Bearer ", "s3cret"));
  CHECK_FALSE(HasToken("Bearer s3cre", "s3cret"));
  CHECK_FALSE(HasToken("Bearer s3cret2", "s3cret"));
  CHECK_FALSE(HasToken("Bearer  s3cret", "s3cret"));
  CHECK_FALSE(HasToken("Basic czNjcmV0", "s3cret"));  // without a user
  CHECK_FALSE(HasToken("Basic bWU6d3Jvbmc=", "s3cret"));
  CHECK_FALSE(HasToken("Basic \xFF", "s3cret"));
  CHECK_FALSE(HasToken("Digest s3cret", "s3cret"));
}

TEST_CASE("a token is the first line of its file, which must have one") {
  const std::string path =
      std::filesystem::temp_directory_path() / ("rk-token-" + std::to_string(getpid()));
  const auto token = [&](const std::string& text) {
    std::ofstream(path) << text;
    return ReadToken(path);
  };
  CHECK(token("s3cret") == "s3cret");
  CHECK(token(" s3cret \r\nother\n") == "s3cret");
  CHECK_THROWS_WITH(token(""), Catch::Contains("its first line, which is the token, is empty"));
  CHECK_THROWS_WITH(token("\ns3cret"), Catch::Contains("is empty"));
  std::filesystem::remove(path);
  CHECK_THROWS_WITH(ReadToken(path), Catch::Contains("No such file"));
}

}  // namespace
}  // namespace rk
