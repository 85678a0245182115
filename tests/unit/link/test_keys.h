#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "lib/link/key_folder.h"
#include "tests/unit/link/test_directory.h"

namespace rk {

/// The keys of a machine that a test makes up.
class TestKeys {
 public:
  TestKeys() { MakeKeys(path()); }

  std::string path() const { return directory_.path() + "/keys"; }
  std::string peers() const { return path() + "/peers"; }
  std::shared_ptr<const KeyFolder> Load() const { return std::make_shared<KeyFolder>(path()); }
  /// Has this machine know the other's key under that name.
  void Know(const TestKeys& other, const std::string& name) const {
    std::filesystem::copy_file(other.path() + "/own.key", peers() + "/" + name + ".key");
  }
  void Forget(const std::string& name) const {
    std::filesystem::remove(peers() + "/" + name + ".key");
  }

 private:
  TestDirectory directory_;
};

}  // namespace rk
