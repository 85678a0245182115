#include <catch2/catch.hpp>

#include "lib/codec/json/array.h"
#include "tests/unit/infer/frames.h"
#include "tests/unit/map/fake_program.h"

namespace rk {
namespace {

struct InTwos : ExecFixture {
  InTwos() : ExecFixture(ExecFormat{.array = 2, .meta = false}) {}
};

Frame Five() {
  return FrameOf({R"({"n":1})", R"({"n":2})", R"({"n":3})", R"({"n":4})", R"({"n":5})"});
}

TEST_CASE_METHOD(InTwos, "a line is an array of up to so many records, and so is its answer") {
  Lines lines;
  script.reply = [&](const std::string& line) {
    lines.push_back(line);
    return Lines{line};
  };
  CHECK(ValuesOf(Run(Five())) == ValuesOf(Five()));
  CHECK(lines == Lines{R"([{"n":1,"_rk":0},{"n":2,"_rk":1}])",
                       R"([{"n":3,"_rk":2},{"n":4,"_rk":3}])", R"([{"n":5,"_rk":4}])"});
  CHECK(script.starts == 1);
}

struct InFours : ExecFixture {
  InFours() : ExecFixture(ExecFormat{.array = 4, .meta = false}) {
    script.reply = [this](const std::string& line) {
      lines.push_back(line);
      return Has(line, "kill") ? Lines{"ends"} : Lines{line};
    };
  }

  Lines lines;
};

Frame From(int64_t first, const std::vector<std::optional<std::string>>& values,
           uint32_t attempt = 0) {
  Frame frame = FrameOf(values);
  BatchInfo info = frame.info();
  info.first_offset = first;
  info.next_offset = first + static_cast<int64_t>(values.size());
  info.attempt = attempt;
  FrameBuilder builder(info, values.size(), 0);
  for (size_t i = 0; i < values.size(); ++i) {
    RecordView record = frame.record(i);
    record.offset = first + static_cast<int64_t>(i);
    builder.Add(record);
  }
  return builder.Finish();
}

std::vector<Frame> Frames(Frame first, Frame second, Frame third) {
  std::vector<Frame> frames;
  frames.push_back(std::move(first));
  frames.push_back(std::move(second));
  frames.push_back(std::move(third));
  return frames;
}

std::vector<int64_t> FirstOffsetsOf(const std::vector<Frame>& frames) {
  std::vector<int64_t> offsets;
  offsets.reserve(frames.size());
  for (const Frame& frame : frames) offsets.push_back(frame.info().first_offset);
  return offsets;
}

TEST_CASE_METHOD(InFours, "an array has what has come, of any frames, each of which stays itself") {
  const auto out =
      RunAll(Frames(From(0, {R"({"n":1})"}), From(1, {}),
                    From(1, {R"({"n":2})", "[]", R"({"n":3})", R"({"n":4})", R"({"n":5})"})));
  CHECK(FirstOffsetsOf(out) == std::vector<int64_t>{0, 1, 1});
  CHECK(lines == Lines{R"([{"n":1,"_rk":0},{"n":2,"_rk":1},{"n":3,"_rk":2}])",
                       R"([{"n":4,"_rk":3},{"n":5,"_rk":4}])"});
  CHECK(ValuesOf(out[0]) == Lines{R"({"n":1})"});
  CHECK(out[1].record_count() == 0);
  CHECK(CodesOf(out[2]) == Lines{"", "not-an-object", "", "", ""});
  CHECK(ValuesOf(out[2]) == Lines{R"({"n":2})", "[]", R"({"n":3})", R"({"n":4})", R"({"n":5})"});
  CHECK(exec.counts().records == 6);
}

TEST_CASE_METHOD(InFours, "a frame that is answered goes on before the rest of the next") {
  exec.Take(From(0, {"{}", "{}"}), {});
  CHECK_FALSE(exec.full());
  exec.Take(From(2, {"{}", "{}", "{}"}), {});
  CHECK(exec.full());
  CHECK(FirstOffsetsOf(exec.Work()) == std::vector<int64_t>{0});
  CHECK(exec.due());
  CHECK(FirstOffsetsOf(exec.Work()) == std::vector<int64_t>{2});
  CHECK_FALSE(exec.due());
}

TEST_CASE_METHOD(InFours, "a suspect frame shares no array") {
  const auto out =
      RunAll(Frames(From(0, {R"({"n":1})"}), From(1, {R"({"n":2})"}, 1), From(2, {R"({"n":3})"})));
  CHECK(FirstOffsetsOf(out) == std::vector<int64_t>{0, 1, 2});
  CHECK(lines == Lines{R"([{"n":1,"_rk":0}])", R"([{"n":2,"_rk":1}])", R"([{"n":3,"_rk":2}])"});
}

TEST_CASE_METHOD(InFours, "a record that ends the program fails alone, of all the array's frames") {
  const auto out =
      RunAll(Frames(From(0, {R"({"n":1})"}), From(1, {R"({"kill":1})"}), From(2, {R"({"n":3})"})));
  CHECK(CodesOf(out[0]) == Lines{""});
  CHECK(CodesOf(out[1]) == Lines{"exec-died"});
  CHECK(CodesOf(out[2]) == Lines{""});
  CHECK(lines.size() == 4);  // all together, then each alone
  CHECK(script.starts == 3);
}

TEST_CASE_METHOD(InFours, "a record of another frame that the program cannot use fails alone") {
  script.reply = [](const std::string&) {
    return Lines{R"([{"n":1,"_rk":0},{"rk-error":"two","_rk":1},{"n":3,"_rk":2}])"};
  };
  const auto out =
      RunAll(Frames(From(0, {R"({"n":1})"}), From(1, {R"({"n":2})"}), From(2, {R"({"n":3})"})));
  CHECK(CodesOf(out[0]) == Lines{""});
  CHECK(CodesOf(out[1]) == Lines{"exec-error"});
  CHECK(out[1].record(0).failure.message == "two");
  CHECK(ValuesOf(out[1]) == Lines{R"({"n":2})"});
  CHECK(ValuesOf(out[2]) == Lines{R"({"n":3})"});
}

TEST_CASE_METHOD(ExecFixture, "lines are those of one frame") {
  exec.Take(From(0, {"{}", "{}"}), {});
  CHECK(exec.full());
  CHECK(FirstOffsetsOf(exec.Work()) == std::vector<int64_t>{0});
}

TEST_CASE_METHOD(InTwos, "answers within an array may be in any order") {
  script.reply = [](const std::string& line) {
    const auto answers = SplitArray(line).value();
    if (answers.size() < 2) return Lines{line};
    return Lines{"[" + std::string(answers[1]) + " , " + std::string(answers[0]) + "]"};
  };
  CHECK(ValuesOf(Run(Five())) == ValuesOf(Five()));
}

TEST_CASE_METHOD(InTwos, "of an array that ends the program only the record that does fails") {
  script.reply = [](const std::string& line) {
    return Has(line, R"("n":3)") ? Lines{"ends"} : Lines{line};
  };
  const Frame out = Run(Five());
  CHECK(CodesOf(out) == Lines{"", "", "exec-died", "", ""});
  CHECK(ValuesOf(out) == ValuesOf(Five()));
  CHECK(script.starts == 3);  // one that died on two, one on the one, and one for the rest
  CHECK(warnings.size() == 1);
}

TEST_CASE_METHOD(InTwos, "a record that the program says it cannot use fails with its reason") {
  script.reply = [](const std::string& line) {
    if (!Has(line, R"("n":3)")) return Lines{line};
    return Lines{R"([{"rk-error":"three","n":3,"_rk":2},{"n":4,"_rk":3}])"};
  };
  const Frame out = Run(Five());
  CHECK(CodesOf(out) == Lines{"", "", "exec-error", "", ""});
  CHECK(out.record(2).failure.stage == "rk-map");
  CHECK(out.record(2).failure.message == "three");
  CHECK(ValuesOf(out) == ValuesOf(Five()));
  CHECK(script.starts == 1);
  CHECK(warnings.empty());
}

TEST_CASE_METHOD(InTwos, "an array that leaves a record out is no answer to that one") {
  script.reply = [](const std::string& line) {
    std::string kept;
    const auto answers = SplitArray(line).value();
    for (const std::string_view answer : answers) {
      if (!Has(std::string(answer), R"("n":2)")) kept = answer;
    }
    return Lines{"[" + kept + "]"};
  };
  const Frame out = Run(FrameOf({R"({"n":1})", R"({"n":2})"}));
  CHECK(CodesOf(out) == Lines{"", "bad-answer"});
  CHECK(Has(std::string(out.record(1).failure.message), "answers 0 of 1 records"));
}

TEST_CASE_METHOD(InTwos, "an array that is answered again is dropped") {
  script.reply = [](const std::string& line) { return Lines{line, line}; };
  const Frame out = Run(Five());
  CHECK(CodesOf(out) == Lines{"", "", "", "", ""});
  CHECK(script.starts == 1);
  CHECK(warnings.size() == 1);
}

TEST_CASE_METHOD(InTwos, "what is no array answers nothing") {
  script.reply = [](const std::string&) { return Lines{R"({"n":1,"_rk":0})"}; };
  const Frame out = Run(Five());
  CHECK(CodesOf(out) == Lines(5, "bad-answer"));
  CHECK(Has(std::string(out.record(0).failure.message), "not a JSON array"));
}

TEST_CASE_METHOD(InTwos, "what cannot be in an array is not sent") {
  Lines lines;
  script.reply = [&](const std::string& line) {
    lines.push_back(line);
    return Lines{line};
  };
  const Frame out = Run(FrameOf({"{", R"({"a":1})", R"({"_rk":1})", "[]", R"({"b":1})"}));
  CHECK(CodesOf(out) == Lines{"invalid-json", "", "reserved-field", "not-an-object", ""});
  CHECK(lines == Lines{R"([{"a":1,"_rk":0}])", R"([{"b":1,"_rk":1}])"});
}

TEST_CASE_METHOD(ExecFixture, "an error is an answer for a line of its own too") {
  script.reply = [](const std::string& line) {
    return Has(line, R"("n":2)") ? Lines{R"({"rk-error":"two",)" + line.substr(1)} : Lines{line};
  };
  const Frame out = Run(FrameOf({R"({"n":1})", R"({"n":2})"}));
  CHECK(CodesOf(out) == Lines{"", "exec-error"});
  CHECK(script.starts == 1);
}

TEST_CASE_METHOD(ExecFixture, "a reason that is too long for a header is cut between characters") {
  std::string reason;
  while (reason.size() < 10'000) reason += "€";
  script.reply = [&](const std::string&) {
    return Lines{R"({"_rk":0,"rk-error":")" + reason + "\"}"};
  };
  const Frame out = Run(FrameOf({"{}"}));
  const std::string message(out.record(0).failure.message);
  CHECK(message == reason.substr(0, 8190) + "...");  // 2730 characters of three bytes each
}

struct WithMeta : ExecFixture {
  WithMeta() : ExecFixture(ExecFormat{.array = 0, .meta = true}) {}
};

TEST_CASE_METHOD(WithMeta, "a program sees what Kafka knows of a record, and need not say it") {
  Lines lines;
  script.reply = [&](const std::string& line) {
    lines.push_back(line);
    return Lines{R"({"y":1,"_rk":0})"};
  };
  CHECK(ValuesOf(Run(FrameOf({R"({"n":1})"}))) == Lines{R"({"y":1})"});
  CHECK(lines == Lines{R"({"n":1,"_rk":{"id":0,"topic":"t","partition":3,"offset":100,)"
                       R"("timestamp":5000,"key":"k0","headers":[["trace","abc"]]}})"});
  script.reply = [](const std::string& line) { return Lines{line}; };
  CHECK(ValuesOf(Run(Five())) == ValuesOf(Five()));
}

TEST_CASE_METHOD(WithMeta, "a key or a header that is null or no text is still said") {
  BatchInfo info;
  info.topic = "a\"b";
  info.next_offset = 1;
  FrameBuilder builder(info, 1, 0);
  std::string headers;
  AppendHeader(headers, {"none", std::nullopt});
  AppendHeader(headers, {"none", "\xff"});
  RecordView record;
  record.value = "{}";
  record.headers = headers;
  builder.Add(record);
  std::string sent;
  script.reply = [&](const std::string& line) {
    sent = line;
    return Lines{line};
  };
  Run(builder.Finish());
  CHECK(sent == R"({"_rk":{"id":0,"topic":"a\"b","partition":0,"offset":0,"timestamp":-1,)"
                R"("key":null,"headers":[["none",null],["none",{"base64":"/w=="}]]}})");
}

}  // namespace
}  // namespace rk
