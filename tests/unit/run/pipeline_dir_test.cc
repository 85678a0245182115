#include "lib/run/pipeline_dir.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "tests/unit/link/test_directory.h"

namespace rk {
namespace {

namespace fs = std::filesystem;

// A runtime directory of its own.
class Home {
 public:
  std::string At(const std::string& name) const { return directory_.path() + "/" + name; }
  // What a killed rk-run leaves: a directory that nobody has locked, with a socket's file.
  void Leave(const std::string& name) const {
    fs::create_directory(At(name));
    fs::permissions(At(name), fs::perms::owner_all);
    std::ofstream(At(name) + "/lock") << "";
    std::ofstream(At(name) + "/infer.in") << "";
  }

 private:
  TestDirectory directory_;
  TestEnvironment environment_{"RK_RUNTIME_DIR", directory_.path()};
};

std::optional<ErrorKind> Refusal(const std::string& name, std::string* message = nullptr) {
  try {
    const PipelineDir directory(name);
  } catch (const Error& error) {
    if (message != nullptr) *message = error.what();
    return error.kind();
  }
  return std::nullopt;
}

TEST_CASE("a pipeline's directory is ours alone, and goes with it") {
  const Home home;
  const std::string path = home.At("credit");
  CHECK(PipelinePath("credit") == path);
  CHECK_FALSE(fs::exists(path));
  CHECK_FALSE(IsRunning(path));
  {
    const PipelineDir directory("credit");
    CHECK(directory.path() == path);
    struct stat status = {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0700);
    CHECK(IsRunning(path));
  }
  CHECK_FALSE(fs::exists(path));
  CHECK_FALSE(IsRunning(path));
}

TEST_CASE("a pipeline that runs is not started again, and is left as it is") {
  const Home home;
  const PipelineDir first("credit");
  std::ofstream(first.path() + "/infer.in") << "";
  std::string message;
  CHECK(Refusal("credit", &message) == ErrorKind::kTryAgain);
  CHECK_THAT(message, Catch::Contains("credit is already running") && Catch::Contains("--name"));
  CHECK(fs::exists(first.path() + "/infer.in"));
  CHECK(IsRunning(first.path()));
  CHECK(Refusal("recommend") == std::nullopt);
}

TEST_CASE("what a killed pipeline left is emptied and used again") {
  const Home home;
  home.Leave("credit");
  CHECK_FALSE(IsRunning(home.At("credit")));
  const PipelineDir directory("credit");
  CHECK_FALSE(fs::exists(home.At("credit/infer.in")));
  CHECK(IsRunning(home.At("credit")));
}

TEST_CASE("dead inline lines are removed, living ones and files' pipelines are not") {
  const Home home;
  home.Leave("line-0123456789abcdef");
  home.Leave("nightly");
  const PipelineDir living("line-fedcba9876543210");
  const PipelineDir directory("credit");
  CHECK_FALSE(fs::exists(home.At("line-0123456789abcdef")));
  CHECK(fs::exists(home.At("nightly/infer.in")));
  CHECK(IsRunning(living.path()));
}

TEST_CASE("a directory that is open to others, or that is none, is not used") {
  const Home home;
  fs::create_directory(home.At("open"));
  fs::permissions(home.At("open"), fs::perms::owner_all | fs::perms::others_exec);
  CHECK(Refusal("open") == ErrorKind::kConfiguration);
  std::ofstream(home.At("file")) << "";
  CHECK(Refusal("file") == ErrorKind::kIo);
}

TEST_CASE("a pipeline's name is one of a file, short enough for sockets") {
  const Home home;
  for (const char* name : {"", ".hidden", "..", "a/b", "two words", "caf\xc3\xa9"}) {
    std::string message;
    INFO(name);
    CHECK(Refusal(name, &message) == ErrorKind::kConfiguration);
    CHECK_THAT(message, Catch::Contains("letters, digits") && Catch::Contains("--name"));
  }
  std::string message;
  CHECK(Refusal(std::string(60, 'x'), &message) == ErrorKind::kConfiguration);
  CHECK_THAT(message, Catch::Contains("too long") && Catch::Contains("RK_RUNTIME_DIR"));
  CHECK(Refusal("Credit_2.b-c") == std::nullopt);
}

}  // namespace
}  // namespace rk
