#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/batch/buffer.h"
#include "lib/map/exec.h"

namespace rk {

using Lines = std::vector<std::string>;

/// A program that a test writes: what it says to a line, which may end it.
struct Script {
  std::function<Lines(const std::string& line)> reply = [](const std::string& line) {
    return Lines{line};
  };
  bool ends_at_start = false;
  int starts = 0;
};

class FakeProgram : public LineProgram {
 public:
  explicit FakeProgram(Script& script) : script_(script) { ++script_.starts; }

  void Send(std::string_view lines) override {
    for (size_t end = 0; (end = lines.find('\n')) != std::string_view::npos;) {
      unread_.emplace_back(lines.substr(0, end));
      lines.remove_prefix(end + 1);
    }
    read_ = false;
  }

  std::string_view Receive() override {
    if (script_.ends_at_start) throw LineFailure(LineFailure::Kind::kNeverRead, "exit status 1");
    while (said_.empty()) {
      if (ended_)
        throw LineFailure(read_ ? LineFailure::Kind::kDied : LineFailure::Kind::kNeverRead,
                          "exit status 0");
      if (unread_.empty()) throw LineFailure(LineFailure::Kind::kSilent, "nothing for 1 s");
      const std::string line = unread_.front();
      unread_.pop_front();
      read_ = true;
      for (std::string& said : script_.reply(line)) {
        if (said == "ends") {
          ended_ = true;
        } else {
          said_.push_back(std::move(said));
        }
      }
    }
    line_ = Buffer();
    line_.Append(said_.front());
    said_.pop_front();
    return line_.view();
  }

 private:
  Script& script_;
  std::deque<std::string> unread_;
  std::deque<std::string> said_;
  bool read_ = false;
  bool ended_ = false;
  Buffer line_;
};

struct ExecFixture {
  explicit ExecFixture(ExecFormat format = {})
      : exec{[this] { return std::make_unique<FakeProgram>(script); }, format,
             [this](LogLevel, std::string_view text) { warnings.emplace_back(text); }} {}

  Frame Run(const Frame& frame) {
    std::vector<Frame> frames;
    frames.push_back(frame.Clone());
    frames = RunAll(std::move(frames));
    REQUIRE(frames.size() == 1);
    return std::move(frames[0]);
  }

  // As a stage does with frames that have come.
  std::vector<Frame> RunAll(std::vector<Frame> frames) {
    std::vector<Frame> done;
    auto next = frames.begin();
    while (next != frames.end() || exec.due()) {
      while (next != frames.end() && !exec.full()) exec.Take(std::move(*next++), {});
      for (Frame& frame : exec.Work()) done.push_back(std::move(frame));
    }
    return done;
  }

  Script script;
  std::vector<std::string> warnings;
  Exec exec;
};

inline bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace rk
