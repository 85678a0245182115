#include "lib/infer/signature.h"

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/codec/number.h"
#include "lib/codec/path.h"

namespace rk {
namespace {

std::string Complaint(const std::string& spec) {
  try {
    ParseInput(spec);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::kUsage);
    return error.what();
  }
  return "";
}

TEST_CASE("a path and a dtype are one number") {
  const Input input = ParseInput("user.id:i64");
  CHECK(input.dtype == Dtype::kI64);
  CHECK(input.shape.empty());
  CHECK(input.row_bytes == 8);
  REQUIRE(input.fields.size() == 1);
  CHECK(input.fields[0].path == "user.id");
  CHECK(input.fields[0].dtype == Dtype::kI64);
  CHECK(input.fields[0].shape.empty());
  CHECK(input.fields[0].fallback.empty());
}

TEST_CASE("a shape makes it an array") {
  const Input input = ParseInput("image:f32[1,28,28]");
  CHECK(input.shape == std::vector<int64_t>{1, 28, 28});
  CHECK(input.row_bytes == 4 * 784);
  REQUIRE(input.fields.size() == 1);
  CHECK(input.fields[0].shape == input.shape);
  CHECK(ParseInput("features:f64[16]").row_bytes == 128);
  CHECK(ParseInput("flags:bool[3]").row_bytes == 3);
}

TEST_CASE("fields in braces are packed in a vector, with what stands for missing ones") {
  const Input input = ParseInput("{age,income.net,debt=-1.5}:f32");
  CHECK(input.shape == std::vector<int64_t>{3});
  CHECK(input.row_bytes == 12);
  REQUIRE(input.fields.size() == 3);
  CHECK(input.fields[1].path == "income.net");
  CHECK(input.fields[1].position == 4);
  CHECK(input.fields[1].fallback.empty());
  CHECK(input.fields[2].path == "debt");
  CHECK(input.fields[2].position == 8);
  CHECK(input.fields[2].fallback == std::string("\0\0\xc0\xbf", 4));
  CHECK(ParseInput("{ a ,\n  b=2 }:f32").fields[1].path == "b");
  CHECK(ParseInput("{a}:u8").shape == std::vector<int64_t>{1});
}

TEST_CASE("a spec that is wrong is shown with what is wrong") {
  CHECK(Complaint("age") == "input \"age\": it has no dtype: write PATH:DTYPE, e.g. age:f32");
  CHECK(Complaint("age:float") ==
        "input \"age:float\": \"float\" is not one of the dtypes f32, f64, i32, i64, u8, bool, "
        "str, tokens");
  CHECK(Complaint("{a,b=x}:f32") == "input \"{a,b=x}:f32\": \"x\" is no f32");
  for (const char* spec : {"",
                           ":f32",
                           "a..b:f32",
                           "a:",
                           "a:f32[",
                           "a:f32[]",
                           "a:f32[0]",
                           "a:f32[-1]",
                           "a:f32[2,]",
                           "a:f32[2]x",
                           "a:f32[x]",
                           "a:f32[1,1,1,1,1,1,1,1]",
                           "a:f32[65536,65536]",
                           "{a,b:f32",
                           "{}:f32",
                           "{a,}:f32",
                           "{a,b}:f32[2]",
                           "{a=}:f32",
                           "{a=1.5}:i64",
                           "{a=1e39}:f32",
                           "@:f32",
                           "@a:str",
                           "{a,b}:str",
                           "a:str[2]",
                           "a:f32[99999999999999999999]",
                           "?:f32",
                           "a?:bool",
                           "a?:f32[*]",
                           "a:f32[*,2]",
                           "{a,b}:f32[*]",
                           "@a:f32[*]",
                           "@a:f32+bool",
                           "a:bool+bool",
                           "a:str+bool",
                           "a:+bool",
                           "#:i64",
                           "#a?:f32",
                           "#a:bool",
                           "#a:str",
                           "#a:i64[2]",
                           "#a:i64[*]"}) {
    CAPTURE(spec);
    CHECK(Complaint(spec).starts_with("input \"" + std::string(spec) + "\": "));
  }
}

TEST_CASE("a sign of the braces that belongs to a name has a backslash before it") {
  const Input input = ParseInput(R"({a\,b, c\}d, e\=f?, g\?=2}:f32)");
  REQUIRE(input.fields.size() == 4);
  CHECK(ParsePath(input.fields[0].path) == std::vector<std::string>{"a,b"});
  CHECK(ParsePath(input.fields[1].path) == std::vector<std::string>{"c}d"});
  CHECK(ParsePath(input.fields[2].path) == std::vector<std::string>{"e=f"});
  CHECK(input.fields[2].fallback == NanElement(Dtype::kF32));
  CHECK(ParsePath(input.fields[3].path) == std::vector<std::string>{"g?"});
  CHECK(input.fields[3].fallback == EncodeNumber(Dtype::kF32, "2"));
  CHECK_THROWS_AS(ParseInput(R"({a,b\}:f32)"), Error);
}

TEST_CASE("a question mark stands for NaN, in braces and alone, unless a backslash is before it") {
  const Input input = ParseInput("{age,income.net?, debt=0}:f64");
  REQUIRE(input.fields.size() == 3);
  CHECK(input.fields[0].fallback.empty());
  CHECK(input.fields[1].path == "income.net");
  CHECK(input.fields[1].fallback == NanElement(Dtype::kF64));
  CHECK(input.fields[2].fallback == std::string(8, '\0'));
  CHECK(ParseInput("age?:f32").fields[0].fallback == NanElement(Dtype::kF32));
  CHECK(ParseInput("v?:f32[2]").fields[0].fallback == NanElement(Dtype::kF32));
  CHECK(ParseInput(R"(sure\?:f32)").fields[0].path == R"(sure\?)");
  CHECK(ParseInput(R"(sure\?:f32)").fields[0].fallback.empty());
  CHECK(ParseInput(R"(sure\??:f32)").fields[0].path == R"(sure\?)");
  CHECK(ParseInput(R"(back\\?:f32)").fields[0].path == R"(back\\)");
  CHECK(ParsePath(R"(\#a.\@b\?.\{c)") == std::vector<std::string>{"#a", "@b?", "{c"});
  CHECK(Complaint("{age?}:i64") ==
        "input \"{age?}:i64\": PATH? stands for NaN, which no i64 is: use f32 or f64, or "
        "PATH=NUMBER");
  CHECK(Complaint("{age?=1}:f32") ==
        "input \"{age?=1}:f32\": write PATH? for NaN or PATH=NUMBER, not both");
}

TEST_CASE("+bool takes booleans where the dtype has fractions") {
  const Input input = ParseInput("{age,vip=true,new=false,x=2}:f32+bool");
  CHECK(input.dtype == Dtype::kF32);
  for (const Field& field : input.fields) CHECK(field.booleans);
  CHECK(input.fields[1].fallback == EncodeNumber(Dtype::kF32, "1"));
  CHECK(input.fields[2].fallback == EncodeNumber(Dtype::kF32, "0"));
  CHECK(input.fields[3].fallback == EncodeNumber(Dtype::kF32, "2"));
  CHECK(ParseInput("flags:f64+bool[4]").shape == std::vector<int64_t>{4});
  CHECK(ParseInput("flags:f64+bool[*]").fields[0].booleans);
  CHECK_FALSE(ParseInput("age:f32").fields[0].booleans);
  CHECK(Complaint("a:i64+bool") == "input \"a:i64+bool\": +bool goes with f32 and f64 only");
  CHECK(Complaint("{vip=true}:f32") == "input \"{vip=true}:f32\": \"true\" is no f32");
}

TEST_CASE("[*] is a list, and # the length of an array") {
  const Input list = ParseInput("tokens.ids:i64[*]");
  CHECK(list.kind == Field::Kind::kList);
  CHECK(list.shape.empty());
  CHECK(list.row_bytes == 8);
  REQUIRE(list.fields.size() == 1);
  CHECK(list.fields[0].kind == Field::Kind::kList);
  CHECK(list.fields[0].path == "tokens.ids");
  const Input length = ParseInput("#tokens.ids:i32");
  CHECK(length.kind == Field::Kind::kLength);
  CHECK(length.row_bytes == 4);
  REQUIRE(length.fields.size() == 1);
  CHECK(length.fields[0].kind == Field::Kind::kLength);
  CHECK(length.fields[0].path == "tokens.ids");
}

TEST_CASE("str is a string, and @ a tensor column") {
  const Input text = ParseInput("message.text:str");
  CHECK(text.kind == Field::Kind::kText);
  REQUIRE(text.fields.size() == 1);
  CHECK(text.fields[0].kind == Field::Kind::kText);
  CHECK(text.fields[0].path == "message.text");
  const Input column = ParseInput("@hidden:f32[2,3]");
  CHECK(column.column == "hidden");
  CHECK(column.fields.empty());
  CHECK(column.row_bytes == 24);
  CHECK(ParseInput("@n:i64").shape.empty());
}

TEST_CASE("an output may be one column of what the model gives") {
  const Output column = ParseOutput("p[:,1]");
  CHECK(column.name == "p");
  CHECK(column.column == std::vector<int64_t>{1});
  CHECK(column.pick == Output::Pick::kAll);
  const Output top = ParseOutput("a:b[:,2,-1]:topk=3");
  CHECK(top.name == "a:b");
  CHECK(top.column == std::vector<int64_t>{2, -1});
  CHECK(top.k == 3);
  CHECK(ParseOutput("p[0]").name == "p[0]");
  for (const char* spec : {"[:,1]", "p[:]", "p[:,]", "p[:,x]", "p[:,1,]", "p[:1]",
                           "p[:,1]:", "p[:, 1]", "p[:,1]:max", "p[:,99999999999999999999]"}) {
    CAPTURE(spec);
    CHECK_THROWS_AS(ParseOutput(spec), Error);
  }
}

TEST_CASE("an output is a name, and maybe what is picked of it") {
  CHECK(ParseOutput("scores").pick == Output::Pick::kAll);
  CHECK(ParseOutput("scores:argmax").pick == Output::Pick::kArgmax);
  const Output top = ParseOutput("a:b:topk=12");
  CHECK(top.name == "a:b");
  CHECK(top.pick == Output::Pick::kTopK);
  CHECK(top.k == 12);
  for (const char* spec :
       {"", ":argmax", "a:", "a:max", "a:topk", "a:topk=", "a:topk=0", "a:topk=-1", "a:topk=2x"}) {
    CAPTURE(spec);
    CHECK_THROWS_WITH(ParseOutput(spec), "output \"" + std::string(spec) +
                                             "\": write NAME, NAME:argmax or NAME:topk=K, or "
                                             "NAME[:,I] for column I");
  }
}

using Names = std::vector<std::string>;

Names NamesOf(const Signature& signature) {
  Names names;
  for (const Output& output : signature.outputs) names.push_back(output.name);
  return names;
}

TEST_CASE("a model's file may have a record that the model takes") {
  CHECK(MakeSignature({"x:f32"}, {}, R"({"sample":{"x": 1.5}})").sample == R"({"x":1.5})");
  CHECK(MakeSignature({"x:f32"}, {}, R"({"outputs":[]})").sample.empty());
  CHECK_THROWS_WITH(MakeSignature({"x:f32"}, {}, R"({"sample":5})"),
                    "rk.json in the model: expected \"sample\" to be an object");
}

TEST_CASE("the command line's specs come first, the model's own fill in") {
  const std::string own =
      R"({"inputs":[{"name":"x","spec":"{a,b}:f32"},{"name":"y","spec":"c:i64"}],)"
      R"("outputs":[{"name":"score"}]})";
  const Signature from_model = MakeSignature({}, {}, own);
  REQUIRE(from_model.inputs.size() == 2);
  CHECK(from_model.inputs[0].fields[1].path == "b");
  CHECK(from_model.inputs[0].fields[1].row == 0);
  CHECK(from_model.inputs[1].fields[0].row == 1);
  CHECK(NamesOf(from_model) == Names{"score"});

  const Signature mixed = MakeSignature({"z:f64"}, {}, own);
  REQUIRE(mixed.inputs.size() == 1);
  CHECK(mixed.inputs[0].dtype == Dtype::kF64);
  CHECK(NamesOf(mixed) == Names{"score"});
  CHECK(NamesOf(MakeSignature({}, {"p"}, own)) == Names{"p"});
  CHECK(MakeSignature({"z:f64"}, {}, "").outputs.empty());
}

TEST_CASE("a model without a signature needs one, and a broken one is named") {
  const auto kind = [](const std::vector<std::string>& outputs, const std::string& own) {
    try {
      MakeSignature({}, outputs, own);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::kBug;
  };
  CHECK(kind({}, "") == ErrorKind::kUsage);
  CHECK(kind({}, "{}") == ErrorKind::kUsage);
  CHECK(kind({"a", "b", "a"}, R"({"inputs":[{"spec":"a:f32"}]})") == ErrorKind::kUsage);
  CHECK(kind({}, "nonsense") == ErrorKind::kConfiguration);
  CHECK(kind({}, "[]") == ErrorKind::kConfiguration);
  CHECK(kind({}, R"({"inputs":5})") == ErrorKind::kConfiguration);
  CHECK(kind({}, R"({"inputs":[{"name":"x"}]})") == ErrorKind::kConfiguration);
  CHECK(kind({}, R"({"inputs":[{"spec":"x:what"}]})") == ErrorKind::kConfiguration);
  CHECK_THROWS_WITH(MakeSignature({}, {}, R"({"inputs":[{"spec":"x:what"}]})"),
                    Catch::StartsWith("rk.json in the model: input \"x:what\": "));
}

}  // namespace
}  // namespace rk
