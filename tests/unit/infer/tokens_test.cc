#include <chrono>
#include <future>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/batch/buffer.h"
#include "lib/infer/token_inputs.h"
#include "tests/unit/infer/fake_model.h"
#include "tests/unit/infer/frames.h"

namespace rk {
namespace {

using Part = Input::Part;
using Strings = std::vector<std::string>;

constexpr std::chrono::seconds kLong{20};

// A token for each byte; of a text that begins with "bad" none. What it is told to do before is a
// test's.
class FakeTokenizer : public Tokenizer {
 public:
  explicit FakeTokenizer(Padding padding = {}) : padding_(padding) {}

  Padding padding() const override { return padding_; }

  Tokens Encode(std::span<const std::string> texts) const override {
    if (before) before(texts[0]);
    if (texts[0].starts_with("bad")) return {{}, {}, "no token for it"};
    Tokens tokens;
    for (size_t text = 0; text < texts.size(); ++text) {
      for (const char c : texts[text]) tokens.ids.push_back(static_cast<unsigned char>(c) + offset);
      tokens.types.resize(tokens.ids.size(), static_cast<uint32_t>(text));
    }
    return tokens;
  }

  std::function<void(const std::string& text)> before;
  uint32_t offset = 0;

 private:
  Padding padding_;
};

Signature SignatureOf(const Strings& specs, const std::vector<Argument>& arguments,
                      const std::shared_ptr<const Tokenizer>& tokenizer) {
  Signature signature = MakeSignature(specs, {"y"}, "", {}, arguments);
  for (Input& input : signature.inputs) input.tokenizer = tokenizer;
  return signature;
}

// Of texts of one letter, for a model of floats: its answer is twice the letter.
std::unique_ptr<WarmModel> WarmText(Fake& fake, const std::shared_ptr<const Tokenizer>& tokenizer,
                                    const InferOptions& options = {}) {
  return std::make_unique<WarmModel>(
      std::make_unique<FakeModel>(fake),
      SignatureOf({"t:tokens[1]"}, {{"input_ids", Dtype::kF32}}, tokenizer), options, "m@1",
      [](LogLevel, std::string_view) {});
}

Frame TextFrame(const Strings& texts) {
  std::vector<std::optional<std::string>> values;
  for (const std::string& text : texts) values.emplace_back(R"({"t":")" + text + "\"}");
  return FrameOf(values);
}

std::string Complaint(const Strings& specs, const std::vector<Argument>& arguments) {
  try {
    (void)MakeSignature(specs, {}, "", {}, arguments);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::vector<int64_t> NumbersOf(const ModelValue& value) {
  std::vector<int64_t> numbers(value.tensor.data.size() / sizeof(int64_t));
  value.tensor.data.copy(reinterpret_cast<char*>(numbers.data()), value.tensor.data.size());
  return numbers;
}

TEST_CASE("tokens are of one text or of two") {
  const Input one = ParseInput("a.b:tokens[128]");
  CHECK(one.tokens == 128);
  REQUIRE(one.fields.size() == 1);
  CHECK(one.fields[0].path == "a.b");
  CHECK(one.fields[0].kind == Field::Kind::kText);
  const Input two = ParseInput("{question, passage}:tokens[1]");
  REQUIRE(two.fields.size() == 2);
  CHECK(two.fields[1].path == "passage");
  for (const char* spec :
       {"a:tokens", "a:tokens[]", "a:tokens[0]", "a:tokens[*]", "a:tokens[1,2]",
        "a:tokens[1048577]", "{a}:tokens[8]", "{a,b,c}:tokens[8]", "{a,b:tokens[8]",
        "{a,}:tokens[8]", "@a:tokens[8]", "#a:tokens[8]", ":tokens[8]", "a:tokens8"}) {
    INFO(spec);
    CHECK_THROWS_AS(ParseInput(spec), Error);
  }
}

TEST_CASE("tokens go to the arguments of their names, and what else there is to the others") {
  const std::vector<Argument> arguments = {{"attention_mask", Dtype::kI32},
                                           {"age", Dtype::kF32},
                                           {"input_ids", Dtype::kI64},
                                           {"token_type_ids", Dtype::kI64},
                                           {"income", Dtype::kF32}};
  const auto inputs =
      MakeSignature({"years:f32", "t:tokens[8]", "money:f32"}, {}, "", {}, arguments).inputs;
  REQUIRE(inputs.size() == 5);
  CHECK(inputs[0].part == Part::kMask);
  CHECK(inputs[0].dtype == Dtype::kI32);
  CHECK(inputs[0].row_bytes == 4);
  CHECK(inputs[0].fields.size() == 1);
  CHECK(inputs[1].spec == "years:f32");
  CHECK(inputs[1].fields[0].row == 1);
  CHECK(inputs[2].part == Part::kIds);
  CHECK(inputs[2].fields.empty());
  CHECK(inputs[3].part == Part::kTypes);
  CHECK(inputs[4].spec == "money:f32");
}

TEST_CASE("an argument of another name takes ids if none has one of theirs") {
  const auto inputs =
      MakeSignature({"a:f32", "t:tokens[8]"}, {}, "", {}, {{{"x"}, {"words"}}}).inputs;
  REQUIRE(inputs.size() == 2);
  CHECK(inputs[0].spec == "a:f32");
  CHECK(inputs[1].part == Part::kIds);
}

TEST_CASE("rk.json names the arguments of a model that does not") {
  const Signature signature = MakeSignature(
      {}, {}, R"({"inputs":[{"spec":"t:tokens[8]"}],"arguments":["input_ids","attention_mask"],
                  "tokenizer":"own.json"})");
  REQUIRE(signature.inputs.size() == 2);
  CHECK(signature.inputs[1].part == Part::kMask);
  CHECK(signature.tokenizer == "own.json");
}

TEST_CASE("what tokens cannot go to is said") {
  CHECK(Complaint({"t:tokens[8]"}, {}).find("does not name its arguments") != std::string::npos);
  CHECK(Complaint({"t:tokens[8]", "u:tokens[8]"}, {{"input_ids"}}).find("two inputs") !=
        std::string::npos);
  CHECK(
      Complaint({}, {{"input_ids", Dtype::kI64, "input_ids:i64[length]"}}) ==
      "the model takes rows of any size (input_ids:i64[length]): say with --input what goes in, "
      "e.g. "
      "--input 'text:tokens[128]' for the tokens of a text, or --input 'items:i64[*]' for an array "
      "of any length");
}

TEST_CASE("tokens are padded to the longest of the call, on the tokenizer's side") {
  for (const bool left : {false, true}) {
    const auto tokenizer = std::make_shared<FakeTokenizer>(Tokenizer::Padding{7, 9, left});
    Rows rows(SignatureOf({"{a,b}:tokens[4]"},
                          {{"input_ids"}, {"attention_mask"}, {"token_type_ids"}}, tokenizer)
                  .inputs,
              {});
    for (const char* json : {R"({"a":"A","b":"B"})", R"({"a":"","b":"C"})", R"({"b":"","a":""})"}) {
      Buffer value;
      value.Append(json);
      REQUIRE_FALSE(rows.Add(0, value.view()));
    }
    const auto all = rows.Inputs(0, 3, 4);
    CHECK(all[0].tensor.shape == std::vector<int64_t>{4, 2});
    using Numbers = std::vector<int64_t>;
    CHECK(NumbersOf(all[0]) ==
          (left ? Numbers{65, 66, 7, 67, 7, 7, 7, 7} : Numbers{65, 66, 67, 7, 7, 7, 7, 7}));
    CHECK(NumbersOf(all[1]) ==
          (left ? Numbers{1, 1, 0, 1, 0, 0, 0, 0} : Numbers{1, 1, 1, 0, 0, 0, 0, 0}));
    CHECK(NumbersOf(all[2]) ==
          (left ? Numbers{0, 1, 9, 1, 9, 9, 9, 9} : Numbers{0, 1, 1, 9, 9, 9, 9, 9}));
    CHECK(rows.Inputs(1, 2, 1)[0].tensor.shape == std::vector<int64_t>{1, 1});
  }
}

TEST_CASE("a text that there are no tokens for fails its record alone") {
  Fake fake(Double);
  Infer infer(WarmText(fake, std::make_shared<FakeTokenizer>()), {});
  const Frame frame = RunOne(infer, TextFrame({"A", "bad", "B"}));
  CHECK(CodesOf(frame) == Strings{"", "tokenizer-error", ""});
  CHECK(frame.record(1).failure.message == "no token for it");
  CHECK(ValuesOf(frame)[0] == R"({"t":"A","y":130})");
  CHECK(ValuesOf(frame)[2] == R"({"t":"B","y":132})");
}

TEST_CASE("tokens of a batch are made while the model works on the one before") {
  std::promise<void> made;
  auto tokenizer = std::make_shared<FakeTokenizer>();
  tokenizer->before = [&](const std::string& text) {
    if (text == "C") made.set_value();
  };
  bool warm = false;
  bool ahead = false;
  Fake fake([&](const Floats& rows) {
    if (std::exchange(warm, false)) {
      ahead = made.get_future().wait_for(kLong) == std::future_status::ready;
    }
    return Double(rows);
  });
  InferOptions options;
  options.batching.max_batch = 2;
  Infer infer(WarmText(fake, tokenizer, options), options);
  warm = true;
  infer.Take(TextFrame({"A", "B"}), {});
  infer.Take(TextFrame({"C"}), {});
  CHECK(infer.Work().size() == 1);
  CHECK(ahead);
  CHECK(WorkOff(infer).size() == 1);
}

TEST_CASE("nothing waits for tokens but who needs them") {
  std::promise<void> go;
  auto tokenizer = std::make_shared<FakeTokenizer>();
  tokenizer->before = [&, may = go.get_future().share()](const std::string& text) {
    if (text == "B") may.wait();
  };
  Fake fake(Double);
  Infer infer(WarmText(fake, tokenizer), {});
  fake.calls.clear();
  // A batch without rows, before one whose tokens take long.
  infer.Take(FrameOf({std::nullopt}), {});
  infer.Take(TextFrame({"B"}), {});
  CHECK(infer.Work().size() == 1);
  CHECK(fake.calls.empty());
  go.set_value();
  CHECK(ValuesOf(WorkOff(infer).at(0)) == Strings{R"({"t":"B","y":132})"});
}

TEST_CASE("a call goes without the batches whose tokens are not there yet") {
  std::promise<void> go;
  auto tokenizer = std::make_shared<FakeTokenizer>();
  tokenizer->before = [&, may = go.get_future().share()](const std::string& text) {
    if (text == "C") may.wait();
  };
  Fake fake(Double);
  Infer infer(WarmText(fake, tokenizer), {});
  fake.calls.clear();
  infer.Take(TextFrame({"A", "B"}), {});
  infer.Take(TextFrame({"C", "D", "E"}), {});
  CHECK(infer.Work().size() == 1);
  CHECK(fake.calls == std::vector<size_t>{2});
  go.set_value();
  const std::vector<Frame> rest = WorkOff(infer);
  REQUIRE(rest.size() == 1);
  CHECK(ValuesOf(rest[0])[2] == R"({"t":"E","y":138})");
  CHECK(fake.calls == std::vector<size_t>{2, 3});
}

TEST_CASE("a replacement's tokenizer makes the tokens of what waits, too") {
  Fake fake(Double);
  InferOptions options;
  options.batching.max_batch = 1;
  Infer infer(WarmText(fake, std::make_shared<FakeTokenizer>(), options), options);
  infer.Take(TextFrame({"A", "B"}), {});
  CHECK(infer.Work().empty());
  auto other = std::make_shared<FakeTokenizer>();
  other->offset = 100;
  infer.Replace(WarmText(fake, other, options), [](LogLevel, std::string_view) {});
  CHECK(ValuesOf(WorkOff(infer).at(0)) == Strings{R"({"t":"A","y":130})", R"({"t":"B","y":332})"});
}

TEST_CASE("what waits for tokens goes with its owner") {
  auto tokenizer = std::make_shared<FakeTokenizer>();
  Fake fake(Double);
  Infer infer(WarmText(fake, tokenizer), {});
  infer.Take(TextFrame(Strings(1000, "A")), {});
}

}  // namespace
}  // namespace rk
