#include "lib/torch/unpack_directory.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/base/error.h"

namespace rk {
namespace {

namespace fs = std::filesystem;

// A folder that is TMPDIR as long as this lives.
class Tmpdir {
 public:
  Tmpdir() : setting_(Make()) {}
  ~Tmpdir() { fs::remove_all(path()); }

  std::string path() const { return path_; }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path_))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  const std::string& Make() {
    path_ = fs::temp_directory_path() / "unpack-test-XXXXXX";
    REQUIRE(mkdtemp(path_.data()) != nullptr);
    return path_;
  }

  std::string path_;
  TmpdirSetting setting_;
};

TEST_CASE("what is unpacked goes with its folder, which lies below TMPDIR") {
  const Tmpdir tmpdir;
  {
    const UnpackDirectory unpacked;
    CHECK(fs::path(unpacked.path()).parent_path() == tmpdir.path());
    fs::create_directories(fs::path(unpacked.path()) / "a/b");
    CHECK(tmpdir.names().size() == 1);
    CHECK_NOTHROW(unpacked.CheckRoom());
  }
  CHECK(tmpdir.names().empty());
}

TEST_CASE("the folder of a process that is gone goes, and no other") {
  const Tmpdir tmpdir;
  fs::create_directories(fs::path(tmpdir.path()) / "rk-infer-dead00/data");
  fs::create_directories(fs::path(tmpdir.path()) / "others");
  fs::create_directory_symlink(fs::path(tmpdir.path()) / "others",
                               fs::path(tmpdir.path()) / "rk-infer-linked");
  const UnpackDirectory first;
  const UnpackDirectory second;
  const std::vector<std::string> names = tmpdir.names();
  CHECK(names.size() == 4);
  CHECK(std::count(names.begin(), names.end(), "rk-infer-dead00") == 0);
  CHECK(fs::exists(first.path()));
  CHECK(fs::exists(fs::path(tmpdir.path()) / "others"));
}

TEST_CASE("a TMPDIR that cannot be used is named") {
  const TmpdirSetting setting("/nonexistent");
  try {
    const UnpackDirectory unpacked;
    FAIL("it was made");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kIo);
    CHECK(std::string(error.what()).starts_with("TMPDIR /nonexistent: No such file"));
  }
}

TEST_CASE("LibTorch is sent to a folder, and TMPDIR is as it was after that") {
  const char* before = std::getenv("TMPDIR");
  const std::string expected = before == nullptr ? "unset" : before;
  {
    const TmpdirSetting setting("/somewhere");
    CHECK(std::getenv("TMPDIR") == std::string("/somewhere"));
  }
  const char* after = std::getenv("TMPDIR");
  CHECK((after == nullptr ? "unset" : std::string(after)) == expected);
}

}  // namespace
}  // namespace rk
