#include "lib/infer/input_spec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/batch/frame_format.h"
#include "lib/codec/number.h"
#include "lib/codec/path.h"

namespace rk {
namespace {

constexpr std::array kDtypes = {Dtype::kF32, Dtype::kF64, Dtype::kI32,
                                Dtype::kI64, Dtype::kU8,  Dtype::kBool};
constexpr int64_t kMaxRowNumbers = int64_t{1} << 28;
constexpr std::string_view kTokens = "tokens";
constexpr int64_t kMostTokens = 1 << 20;

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n";
  const size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

// The parts between commas, without the space around them.
std::vector<std::string_view> Split(std::string_view list) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(FindSign(list, ",", begin), list.size());
    parts.push_back(Trim(list.substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

class SpecParser {
 public:
  explicit SpecParser(std::string_view spec) : spec_(spec) {}

  Input Parse() {
    const size_t colon = spec_.rfind(':');
    if (colon == std::string_view::npos) Fail("it has no dtype: write PATH:DTYPE, e.g. age:f32");
    input_.spec = spec_;
    const std::string_view what = spec_.substr(0, colon);
    const std::string_view type = spec_.substr(colon + 1);
    if (type == "str") {
      input_.kind = Field::Kind::kText;
      if (what.starts_with('{') || what.starts_with('@') || what.starts_with('#')) {
        Fail("str takes one field: write PATH:str");
      }
    } else if (type.starts_with(kTokens)) {
      ParseTokens(what, type.substr(kTokens.size()));
      return std::move(input_);
    } else {
      ParseType(type);
    }
    ParseSource(what);
    const bool text = input_.kind == Field::Kind::kText;
    input_.row_bytes = text ? 0 : static_cast<size_t>(CountNumbers()) * SizeOf(input_.dtype);
    return std::move(input_);
  }

 private:
  [[noreturn]] void Fail(std::string_view why) const {
    throw Error(ErrorKind::kUsage, fmt::format("input \"{}\": {}", spec_, why));
  }

  // A list of numbers to the model, of one field or two that are texts.
  void ParseTokens(std::string_view what, std::string_view length) {
    const auto most = ParseSize(length.starts_with('[') && length.ends_with(']')
                                    ? length.substr(1, length.size() - 2)
                                    : "");
    if (!most || *most > kMostTokens) {
      Fail(fmt::format("write PATH:tokens[N] for N tokens at most, {} in all", kMostTokens));
    }
    if (what.starts_with('@') || what.starts_with('#')) {
      Fail("tokens are of one text or of two: write PATH:tokens[N] or {PATH,PATH}:tokens[N]");
    }
    input_.kind = Field::Kind::kText;
    if (what.starts_with('{')) {
      const size_t end = std::min(FindSign(what, "}"), what.size() - 1);
      const auto paths = Split(what.substr(1, end - 1));
      if (paths.size() != 2 || what[end] != '}' || end + 1 != what.size()) {
        Fail("two texts are {PATH,PATH}:tokens[N], e.g. {question,passage}:tokens[256]");
      }
      for (const std::string_view path : paths) AddField(path, "", {}, 0);
    } else {
      AddField(what, "", {}, 0);
    }
    input_.kind = Field::Kind::kList;
    input_.dtype = Dtype::kI64;
    input_.row_bytes = SizeOf(input_.dtype);
    input_.tokens = static_cast<size_t>(*most);
  }

  void ParseType(std::string_view type) {
    constexpr std::string_view kBooleans = "+bool";
    const size_t bracket = std::min(type.find('['), type.size());
    std::string_view dtype = type.substr(0, bracket);
    booleans_ = dtype.ends_with(kBooleans);
    if (booleans_) dtype.remove_suffix(kBooleans.size());
    input_.dtype = ParseDtype(dtype);
    if (booleans_ && !HasFractions()) Fail("+bool goes with f32 and f64 only");
    ParseShape(type.substr(bracket));
  }

  bool HasFractions() const { return input_.dtype == Dtype::kF32 || input_.dtype == Dtype::kF64; }

  Dtype ParseDtype(std::string_view name) const {
    const auto found = std::find_if(kDtypes.begin(), kDtypes.end(),
                                    [name](Dtype dtype) { return NameOf(dtype) == name; });
    if (found == kDtypes.end()) {
      Fail(fmt::format("\"{}\" is not one of the dtypes f32, f64, i32, i64, u8, bool, str, tokens",
                       name));
    }
    return *found;
  }

  void ParseShape(std::string_view shape) {
    if (shape.empty()) return;
    if (shape.back() != ']') Fail("its shape does not end with ]");
    if (shape == "[*]") {
      input_.kind = Field::Kind::kList;
      return;
    }
    for (const std::string_view part : Split(shape.substr(1, shape.size() - 2))) {
      const auto size = ParseSize(part);
      if (!size) {
        Fail(
            "its shape must be positive numbers without the batch, e.g. [16] or [1,28,28], or [*] "
            "for an array of any length");
      }
      input_.shape.push_back(*size);
      CountNumbers();
    }
    if (input_.shape.size() >= frame_format::kMaxRank) Fail("its shape has too many dimensions");
  }

  static std::optional<int64_t> ParseSize(std::string_view text) {
    int64_t size = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), size);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || size < 1) {
      return std::nullopt;
    }
    return size;
  }

  int64_t CountNumbers() const {
    int64_t count = 1;
    for (const int64_t size : input_.shape) {
      if (size > kMaxRowNumbers / count) Fail("a row of that shape is too large");
      count *= size;
    }
    return count;
  }

  void ParseSource(std::string_view what) {
    if (what.starts_with('{')) return ParsePacked(what);
    if (what.starts_with('@')) return ParseColumn(what.substr(1));
    if (what.starts_with('#')) return ParseLength(what.substr(1));
    AddField(what, "", input_.shape, 0);
    if (input_.is_list() && !input_.fields[0].fallback.empty()) {
      Fail("? does not go with [*]: write [] in the record for an array without elements");
    }
  }

  void ParsePacked(std::string_view braces) {
    if (!input_.shape.empty() || input_.is_list())
      Fail("packed fields take no shape: it is their number");
    if (FindSign(braces, "}") != braces.size() - 1)
      Fail("packed fields end with }, e.g. {age,income}:f32");
    const size_t size = SizeOf(input_.dtype);
    for (const std::string_view part : Split(braces.substr(1, braces.size() - 2))) {
      const size_t equals = std::min(FindSign(part, "="), part.size());
      AddField(part.substr(0, equals), part.substr(equals), {}, input_.fields.size() * size);
    }
    input_.shape = {static_cast<int64_t>(input_.fields.size())};
  }

  void ParseColumn(std::string_view name) {
    if (name.empty()) Fail("the column has no name: write @NAME:DTYPE[SHAPE]");
    if (input_.is_list() || booleans_)
      Fail("a column has a dtype and a shape: write @NAME:DTYPE[SHAPE]");
    input_.column = name;
  }

  void ParseLength(std::string_view path) {
    const bool number = input_.shape.empty() && !input_.is_list() && !booleans_;
    if (!number || input_.dtype == Dtype::kBool) {
      Fail("the length of an array is one number: write #PATH:i64");
    }
    input_.kind = Field::Kind::kLength;
    AddField(path, "", {}, 0);
    if (!input_.fields[0].fallback.empty()) Fail("? does not go with #: a length is never NaN");
  }

  void AddField(std::string_view path, std::string_view fallback, std::vector<int64_t> shape,
                size_t position) {
    std::string element = fallback.empty() ? "" : ParseFallback(fallback.substr(1));
    if (input_.kind != Field::Kind::kText && IsOptionalPath(path)) {
      path.remove_suffix(1);
      if (!fallback.empty()) Fail("write PATH? for NaN or PATH=NUMBER, not both");
      element = NanElement(input_.dtype);
      if (element.empty()) {
        Fail(fmt::format("PATH? stands for NaN, which no {} is: use f32 or f64, or PATH=NUMBER",
                         NameOf(input_.dtype)));
      }
    }
    try {
      ParsePath(path);
    } catch (const Error& error) {
      Fail(error.what());
    }
    input_.fields.push_back({std::string(path), input_.dtype, std::move(shape), std::move(element),
                             0, position, input_.kind, booleans_});
  }

  std::string ParseFallback(std::string_view text) const {
    const std::string_view number = !booleans_        ? text
                                    : text == "true"  ? "1"
                                    : text == "false" ? "0"
                                                      : text;
    std::string element = EncodeNumber(input_.dtype, number);
    if (element.empty()) Fail(fmt::format("\"{}\" is no {}", text, NameOf(input_.dtype)));
    return element;
  }

  std::string_view spec_;
  Input input_;
  bool booleans_ = false;
};

}  // namespace

Input ParseInput(std::string_view spec) { return SpecParser(spec).Parse(); }

}  // namespace rk
