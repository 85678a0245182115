#include "lib/infer/backend_module.h"

#include <catch2/catch.hpp>

#include "lib/base/error.h"

namespace rk {
namespace {

using Catch::Contains;
using Folders = std::vector<std::filesystem::path>;

const Folders kFolders = {"/nonexistent/lib/rk", RK_TEST_MODULES};

std::string WhyNot(const std::string& name, const Folders& folders) {
  try {
    OpenBackend(name, folders);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kUnavailable);
    return error.what();
  }
  FAIL("it was opened");
  return "";
}

TEST_CASE("a backend is opened in the first folder that has its module, once for all") {
  Backend& backend = OpenBackend("fake", kFolders);
  CHECK(&OpenBackend("fake", kFolders) == &backend);
  CHECK(backend.Load("any", "cpu")->signature() == "fake");
}

TEST_CASE("what a module throws is caught here as what it is") {
  Backend& backend = OpenBackend("fake", kFolders);
  try {
    backend.Load("some.model", "moon");
    FAIL("no throw");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kUsage);
    CHECK(std::string(error.what()) == "some.model on moon");
  }
  try {
    backend.Load("any", "cpu")->Run({});
    FAIL("no throw");
  } catch (const ModelFailure& failure) {
    CHECK(failure.kind() == ModelFailure::Kind::kRaised);
    CHECK(std::string(failure.what()) == "it raised");
  }
}

TEST_CASE("a module that is not there: its package, and where it was looked for") {
  CHECK(WhyNot("torch", {"/nonexistent/a", "/nonexistent/b"}) ==
        "no librk-torch.so in /nonexistent/a, /nonexistent/b: models of this kind need the "
        "package rk-torch");
}

TEST_CASE("a module of another build is refused, with both builds in the message") {
  const std::string why = WhyNot("old", kFolders);
  CHECK_THAT(why, Contains("librk-old.so is of another build (0.0.1 of long ago) than rk-infer (" +
                           std::string(rk_backend_abi) + ")"));
  CHECK_THAT(why, Contains("install rk and rk-old of one version"));
}

TEST_CASE("a library that is no module, and a file that is no library, are refused by name") {
  CHECK_THAT(WhyNot("nothing", kFolders), Contains("librk-nothing.so is no backend of rk"));
  CHECK_THAT(WhyNot("text", kFolders), Contains("librk-text.so cannot be loaded: "));
}

TEST_CASE("modules are looked for beside the executable's folder, without dots in the path") {
  const Folders folders = ModuleFolders();
  REQUIRE(!folders.empty());
  CHECK(folders.front().is_absolute());
  CHECK_THAT(folders.front().string(), Catch::EndsWith("/lib/rk"));
  for (const auto& folder : folders) CHECK_THAT(folder.string(), !Contains(".."));
}

}  // namespace
}  // namespace rk
