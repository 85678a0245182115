#include "lib/map/exec.h"

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "tests/unit/infer/frames.h"
#include "tests/unit/map/fake_program.h"

namespace rk {
namespace {

Frame Three() { return FrameOf({R"({"n":1})", R"({"n":2})", R"({"n":3})"}); }

TEST_CASE_METHOD(ExecFixture, "an answer is its record's new value, without what was added") {
  script.reply = [](const std::string& line) { return Lines{R"({"y":1,)" + line.substr(1)}; };
  CHECK(ValuesOf(Run(Three())) ==
        Lines{R"({"y":1,"n":1})", R"({"y":1,"n":2})", R"({"y":1,"n":3})"});
  CHECK(ValuesOf(Run(Three())).size() == 3);
  CHECK(script.starts == 1);
}

TEST_CASE_METHOD(ExecFixture, "answers in another order go to their own records") {
  Lines kept;
  script.reply = [&](const std::string& line) {
    kept.insert(kept.begin(), line);
    return kept.size() == 3 ? kept : Lines{};
  };
  CHECK(ValuesOf(Run(Three())) == ValuesOf(Three()));
}

TEST_CASE_METHOD(ExecFixture, "a record that ends the program fails and no other does") {
  script.reply = [](const std::string& line) {
    return Has(line, R"("n":2)") ? Lines{"ends"} : Lines{line};
  };
  const Frame out = Run(Three());
  CHECK(CodesOf(out) == Lines{"", "exec-died", ""});
  CHECK(ValuesOf(out) == ValuesOf(Three()));
  CHECK(exec.counts().failed == 1);
}

TEST_CASE_METHOD(ExecFixture, "a record that is not answered fails and no other does") {
  script.reply = [](const std::string& line) {
    return Has(line, R"("n":2)") ? Lines{} : Lines{line};
  };
  CHECK(CodesOf(Run(Three())) == Lines{"", "exec-timeout", ""});
}

TEST_CASE_METHOD(ExecFixture,
                 "a second answer is dropped, also when it comes with the next batch") {
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

TEST_CASE_METHOD(ExecFixture, "a line that is no answer fails the record that it is said to") {
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

TEST_CASE_METHOD(ExecFixture, "a program that ends after each answer is started for each record") {
  script.reply = [](const std::string& line) { return Lines{line, "ends"}; };
  for (int i = 0; i < 2; ++i) {
    const Frame out = Run(Three());
    CHECK(CodesOf(out) == Lines{"", "", ""});
    CHECK(ValuesOf(out) == ValuesOf(Three()));
  }
}

TEST_CASE_METHOD(ExecFixture, "a program that cannot start ends the stage and fails no record") {
  script.ends_at_start = true;
  CHECK_THROWS_AS(Run(Three()), Error);
}

TEST_CASE_METHOD(ExecFixture, "what cannot be a line is not sent") {
  const Frame out = Run(FrameOf({"{", R"({"_rk":1})", "", R"({})"}));
  CHECK(CodesOf(out) == Lines{"invalid-json", "reserved-field", "empty-value", ""});
  CHECK(CodesOf(Run(FrameOf({"{"}))) == Lines{"invalid-json"});
}

}  // namespace
}  // namespace rk
