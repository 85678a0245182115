#include "lib/map/exec.h"

#include <deque>
#include <functional>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/batch/buffer.h"
#include "tests/unit/infer/frames.h"

namespace rk {
namespace {

using Lines = std::vector<std::string>;
using Kind = LineFailure::Kind;

// A program that a test writes: what it says to a line, which may end it.
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
    if (script_.ends_at_start) throw LineFailure(Kind::kNeverRead, "exit status 1");
    while (said_.empty()) {
      if (ended_) throw LineFailure(read_ ? Kind::kDied : Kind::kNeverRead, "exit status 0");
      if (unread_.empty()) throw LineFailure(Kind::kSilent, "nothing for 1 s");
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

struct Fixture {
  Frame Run(const Frame& frame) { return exec.Run(frame); }

  Script script;
  std::vector<std::string> warnings;
  Exec exec{[this] { return std::make_unique<FakeProgram>(script); },
            [this](LogLevel, std::string_view text) { warnings.emplace_back(text); }};
};

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

Frame Three() { return FrameOf({R"({"n":1})", R"({"n":2})", R"({"n":3})"}); }

TEST_CASE_METHOD(Fixture, "an answer is its record's new value, without what was added") {
  script.reply = [](const std::string& line) { return Lines{R"({"y":1,)" + line.substr(1)}; };
  CHECK(ValuesOf(Run(Three())) ==
        Lines{R"({"y":1,"n":1})", R"({"y":1,"n":2})", R"({"y":1,"n":3})"});
  CHECK(ValuesOf(Run(Three())).size() == 3);
  CHECK(script.starts == 1);
}

TEST_CASE_METHOD(Fixture, "answers in another order go to their own records") {
  Lines kept;
  script.reply = [&](const std::string& line) {
    kept.insert(kept.begin(), line);
    return kept.size() == 3 ? kept : Lines{};
  };
  CHECK(ValuesOf(Run(Three())) == ValuesOf(Three()));
}

TEST_CASE_METHOD(Fixture, "a record that ends the program fails and no other does") {
  script.reply = [](const std::string& line) {
    return Has(line, R"("n":2)") ? Lines{"ends"} : Lines{line};
  };
  const Frame out = Run(Three());
  CHECK(CodesOf(out) == Lines{"", "exec-died", ""});
  CHECK(ValuesOf(out) == ValuesOf(Three()));
  CHECK(exec.counts().failed == 1);
}

TEST_CASE_METHOD(Fixture, "a record that is not answered fails and no other does") {
  script.reply = [](const std::string& line) {
    return Has(line, R"("n":2)") ? Lines{} : Lines{line};
  };
  CHECK(CodesOf(Run(Three())) == Lines{"", "exec-timeout", ""});
}

TEST_CASE_METHOD(Fixture, "a second answer is dropped, also when it comes with the next batch") {
  script.reply = [](const std::string& line) {
    return Lines{line, R"({"second":true,)" + line.substr(1)};
  };
  for (int i = 0; i < 2; ++i) {
    const Frame out = Run(Three());
    CHECK(CodesOf(out) == Lines{"", "", ""});
    CHECK(ValuesOf(out) == ValuesOf(Three()));
  }
  CHECK(warnings.size() == 1);
  CHECK(script.starts == 1);
}

TEST_CASE_METHOD(Fixture, "a line that is no answer fails the record that it is said to") {
  script.reply = [](const std::string& line) {
    return Has(line, R"("n":2)") ? Lines{"debug: two", line} : Lines{line};
  };
  CHECK(CodesOf(Run(Three())) == Lines{"", "bad-answer", ""});
  script.reply = [](const std::string&) { return Lines{R"({"score":1})"}; };
  const Frame out = Run(Three());
  CHECK(CodesOf(out) == Lines{"bad-answer", "bad-answer", "bad-answer"});
  CHECK(Has(std::string(out.record(0).failure.message), "_rk"));
  script.reply = [](const std::string&) { return Lines{R"({"_rk":99})"}; };
  CHECK(CodesOf(Run(Three())) == Lines{"bad-answer", "bad-answer", "bad-answer"});
}

TEST_CASE_METHOD(Fixture, "a program that ends after each answer is started for each record") {
  script.reply = [](const std::string& line) { return Lines{line, "ends"}; };
  for (int i = 0; i < 2; ++i) {
    const Frame out = Run(Three());
    CHECK(CodesOf(out) == Lines{"", "", ""});
    CHECK(ValuesOf(out) == ValuesOf(Three()));
  }
}

TEST_CASE_METHOD(Fixture, "a program that cannot start ends the stage and fails no record") {
  script.ends_at_start = true;
  CHECK_THROWS_AS(Run(Three()), Error);
}

TEST_CASE_METHOD(Fixture, "what cannot be a line is not sent") {
  const Frame out = Run(FrameOf({"{", R"({"_rk":1})", "", R"({})"}));
  CHECK(CodesOf(out) == Lines{"invalid-json", "reserved-field", "empty-value", ""});
  CHECK(CodesOf(Run(FrameOf({"{"}))) == Lines{"invalid-json"});
}

}  // namespace
}  // namespace rk
