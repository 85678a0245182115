#include "lib/link/runtime_dir.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "tests/unit/link/test_directory.h"

namespace rk {
namespace {

mode_t ModeOf(const std::string& path) {
  struct stat status = {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

void CheckRefused(const std::string& reason) {
  try {
    RuntimeDir directory;
    FAIL("it did not throw");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kConfiguration);
    CHECK_THAT(error.what(), Catch::Contains(reason) && Catch::Contains("RK_RUNTIME_DIR"));
  }
}

}  // namespace

TEST_CASE("RK_RUNTIME_DIR is made for us alone, used again, and kept") {
  const TestDirectory parent;
  const std::string path = parent.path() + "/run";
  const TestEnvironment own("RK_RUNTIME_DIR", path);
  for (int round = 0; round < 2; ++round) {
    const RuntimeDir directory;
    CHECK(directory.path() == path);
    CHECK(ModeOf(path) == 0700);
  }
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("a relative RK_RUNTIME_DIR becomes absolute, for stages that run elsewhere") {
  const TestDirectory parent;
  const TestEnvironment own("RK_RUNTIME_DIR", "run");
  // From there: how long the path is must not depend on where the tests were built.
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(parent.path());
  CHECK(RuntimeDir().path().starts_with('/'));
  CHECK(std::filesystem::exists(parent.path() + "/run"));
  std::filesystem::current_path(before);
}

TEST_CASE("without RK_RUNTIME_DIR the session's directory has an rk in it") {
  const TestDirectory session;
  const TestEnvironment own("RK_RUNTIME_DIR", std::nullopt);
  const TestEnvironment xdg("XDG_RUNTIME_DIR", session.path());
  CHECK(RuntimeDir().path() == session.path() + "/rk");
}

TEST_CASE("without any setting, or with one of another user, it is this user's own in /tmp") {
  const TestEnvironment own("RK_RUNTIME_DIR", std::nullopt);
  const TestEnvironment xdg("XDG_RUNTIME_DIR", GENERATE(std::optional<std::string>(), "/nowhere"));
  const RuntimeDir directory;
  CHECK(directory.path() == "/tmp/rk-" + std::to_string(geteuid()));
  CHECK(ModeOf(directory.path()) == 0700);
}

TEST_CASE("where others have taken the name in /tmp it is another, the same one for all stages") {
  const TestDirectory tmp;
  const TestDirectory elsewhere;  // ours, and private
  const TestEnvironment own("RK_RUNTIME_DIR", std::nullopt);
  const TestEnvironment xdg("XDG_RUNTIME_DIR", std::nullopt);
  const std::string name = tmp.path() + "/rk-" + std::to_string(geteuid());
  std::filesystem::create_directory_symlink(elsewhere.path(), name);
  std::filesystem::create_directory(name + "-1");
  chmod((name + "-1").c_str(), 0777);
  if (geteuid() == 0) {
    std::filesystem::create_directory(name + "-2");
    chmod((name + "-2").c_str(), 0700);
    REQUIRE(chown((name + "-2").c_str(), 12345, 12345) == 0);
  } else {
    std::ofstream(name + "-2") << "a file";
  }
  CHECK(RuntimeDir(tmp.path()).path() == name + "-3");
  CHECK(ModeOf(name + "-3") == 0700);
  CHECK(std::filesystem::is_empty(elsewhere.path()));
  std::filesystem::remove(name);  // whoever made it takes it away again: those that run stay
  CHECK(RuntimeDir(tmp.path()).path() == name + "-3");
  CHECK_FALSE(std::filesystem::exists(name));
}

TEST_CASE("where others have taken all names in /tmp the first one's fault is said") {
  const TestDirectory tmp;
  const TestEnvironment own("RK_RUNTIME_DIR", std::nullopt);
  const TestEnvironment xdg("XDG_RUNTIME_DIR", std::nullopt);
  const std::string name = tmp.path() + "/rk-" + std::to_string(geteuid());
  std::ofstream(name) << "a file";
  for (int number = 1; number <= 9; ++number) std::ofstream(name + "-" + std::to_string(number));
  CHECK_THROWS_WITH(RuntimeDir(tmp.path()), Catch::Contains(name + " ") &&
                                                Catch::Contains("not a directory") &&
                                                Catch::Contains("RK_RUNTIME_DIR"));
}

TEST_CASE("a runtime directory that is a symbolic link is refused, wherever it leads") {
  const TestDirectory parent;
  const TestDirectory elsewhere;
  const std::string link = parent.path() + "/link";
  std::filesystem::create_directory_symlink(elsewhere.path(), link);
  SECTION("named") {
    const TestEnvironment own("RK_RUNTIME_DIR", link);
    CheckRefused("symbolic link");
  }
  SECTION("in the session's directory") {
    const TestEnvironment own("RK_RUNTIME_DIR", std::nullopt);
    const TestEnvironment xdg("XDG_RUNTIME_DIR", parent.path());
    std::filesystem::rename(link, parent.path() + "/rk");
    CheckRefused("symbolic link");
  }
  CHECK(std::filesystem::is_empty(elsewhere.path()));
}

TEST_CASE("a runtime directory that is open to others is refused") {
  const TestDirectory directory;
  const mode_t mode = GENERATE(0750, 0701, 0777);
  chmod(directory.path().c_str(), mode);
  const TestEnvironment own("RK_RUNTIME_DIR", directory.path());
  CheckRefused("chmod 700");
}

TEST_CASE("a runtime directory of another user is refused") {
  if (geteuid() != 0) return;  // only root can make one
  const TestDirectory directory;
  REQUIRE(chown(directory.path().c_str(), 12345, 12345) == 0);
  const TestEnvironment own("RK_RUNTIME_DIR", directory.path());
  CheckRefused("user 12345");
}

TEST_CASE("a runtime directory that is a file, or whose parent is missing, is refused") {
  const TestDirectory parent;
  const std::string file = parent.path() + "/file";
  const TestEnvironment own("RK_RUNTIME_DIR", file);
  SECTION("a file") {
    CHECK(mknod(file.c_str(), S_IFREG | 0600, 0) == 0);
    CheckRefused("not a directory");
  }
  SECTION("no parent") {
    const TestEnvironment deeper("RK_RUNTIME_DIR", file + "/run");
    CheckRefused("No such file");
  }
}

TEST_CASE("a runtime directory too long for a socket's path is refused with its name") {
  const TestDirectory parent;
  const size_t longest = 107 - 1 - RuntimeDir::kLongestName;
  const std::string path =
      parent.path() + "/" + std::string(longest - parent.path().size() - 1, 'x');
  {
    const TestEnvironment own("RK_RUNTIME_DIR", path);
    CHECK(RuntimeDir().path() == path);
  }
  const TestEnvironment own("RK_RUNTIME_DIR", path + "x");
  CheckRefused(path + "x");
}

}  // namespace rk
