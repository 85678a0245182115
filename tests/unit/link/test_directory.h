#pragma once

#include <stdlib.h>

#include <filesystem>
#include <optional>
#include <string>

namespace rk {

/// An environment variable for as long as it lives.
class TestEnvironment {
 public:
  TestEnvironment(const char* name, const std::optional<std::string>& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    Set(value);
  }
  ~TestEnvironment() { Set(before_); }
  TestEnvironment(const TestEnvironment&) = delete;
  TestEnvironment& operator=(const TestEnvironment&) = delete;

 private:
  void Set(const std::optional<std::string>& value) const {
    value ? setenv(name_, value->c_str(), 1) : unsetenv(name_);
  }

  const char* name_;
  std::optional<std::string> before_;
};

/// An empty 0700 directory in /tmp, removed with what is in it.
class TestDirectory {
 public:
  TestDirectory() : path_(mkdtemp(std::string("/tmp/rk-test-XXXXXX").data())) {}
  ~TestDirectory() { std::filesystem::remove_all(path_); }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace rk
