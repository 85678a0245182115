#pragma once

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "lib/run/child.h"

namespace rk {

/// What a test knows of a child, and does with it, after it was started.
struct FakeChild {
  ProcessSpec spec;
  pid_t pid = 0;
  std::vector<int> signals;
  std::vector<std::string> lines;  ///< not read yet
  std::optional<int> status;       ///< set: it is dead

  bool runs() const { return !status; }
  bool told_to_go() const {
    return !signals.empty() && (signals.front() == SIGTERM || signals.front() == SIGUSR1);
  }
};

/// Children that are none: each is ready at once unless `silent`, and ends when the test says so.
class FakeChildren {
 public:
  StartChild starter() {
    return [this](const ProcessSpec& spec) -> std::unique_ptr<Child> {
      started.push_back(std::make_shared<FakeChild>());
      started.back()->spec = spec;
      started.back()->pid = static_cast<pid_t>(started.size());
      if (!silent) started.back()->lines.emplace_back("ready");
      return std::make_unique<Handle>(started.back());
    };
  }

  /// The last one that was started under this name.
  FakeChild& of(const std::string& name) const {
    for (auto child = started.rbegin(); child != started.rend(); ++child) {
      if ((*child)->spec.name == name) return **child;
    }
    throw std::runtime_error(name + " was never started");
  }
  size_t running() const {
    return static_cast<size_t>(std::count_if(started.begin(), started.end(),
                                             [](const auto& child) { return child->runs(); }));
  }
  /// All that were told to go do, with 0.
  void Obey() {
    for (const auto& child : started) {
      if (child->told_to_go() && child->runs()) child->status = 0;
    }
  }
  std::vector<std::string> told_to_go() const {
    std::vector<std::string> names;
    for (const auto& child : started) {
      if (child->told_to_go()) names.push_back(child->spec.name);
    }
    return names;
  }

  std::vector<std::shared_ptr<FakeChild>> started;
  bool silent = false;

 private:
  class Handle : public Child {
   public:
    explicit Handle(std::shared_ptr<FakeChild> child) : child_(std::move(child)) {}
    pid_t pid() const override { return child_->pid; }
    void Signal(int signal) override { child_->signals.push_back(signal); }
    std::optional<int> TryReap() override { return child_->status; }
    std::vector<std::string> ReadLines() override { return std::exchange(child_->lines, {}); }
    int exit_fd() const override { return -1; }
    int status_fd() const override { return -1; }

   private:
    std::shared_ptr<FakeChild> child_;
  };
};

}  // namespace rk
