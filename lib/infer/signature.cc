#include "lib/infer/signature.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/codec/json/list.h"
#include "lib/codec/number.h"
#include "lib/codec/path.h"

namespace rk {
namespace {

constexpr std::array kDtypes = {Dtype::kF32, Dtype::kF64, Dtype::kI32,
                                Dtype::kI64, Dtype::kU8,  Dtype::kBool};
constexpr int64_t kMaxRowNumbers = int64_t{1} << 28;

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n";
  const size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

// The parts between commas, without the space around them.
std::vector<std::string_view> Split(std::string_view list) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
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
    if (type == "str") return ParseText(what);
    const size_t bracket = std::min(type.find('['), type.size());
    input_.dtype = ParseDtype(type.substr(0, bracket));
    ParseShape(type.substr(bracket));
    if (what.starts_with('{')) {
      ParsePacked(what);
    } else if (what.starts_with('@')) {
      input_.column = what.substr(1);
      if (input_.column.empty()) Fail("the column has no name: write @NAME:DTYPE[SHAPE]");
    } else {
      AddField(what, "", input_.shape, 0);
    }
    input_.row_bytes = static_cast<size_t>(CountNumbers()) * SizeOf(input_.dtype);
    return std::move(input_);
  }

 private:
  Input ParseText(std::string_view what) {
    if (what.starts_with('{') || what.starts_with('@')) Fail("str takes one field: write PATH:str");
    AddField(what, "", {}, 0);
    input_.fields[0].text = input_.text = true;
    return std::move(input_);
  }

  [[noreturn]] void Fail(std::string_view why) const {
    throw Error(ErrorKind::kUsage, fmt::format("input \"{}\": {}", spec_, why));
  }

  Dtype ParseDtype(std::string_view name) const {
    const auto found = std::find_if(kDtypes.begin(), kDtypes.end(),
                                    [name](Dtype dtype) { return NameOf(dtype) == name; });
    if (found == kDtypes.end()) {
      Fail(fmt::format("\"{}\" is not one of the dtypes f32, f64, i32, i64, u8, bool, str", name));
    }
    return *found;
  }

  void ParseShape(std::string_view shape) {
    if (shape.empty()) return;
    if (shape.back() != ']') Fail("its shape does not end with ]");
    for (const std::string_view part : Split(shape.substr(1, shape.size() - 2))) {
      int64_t size = 0;
      const auto parsed = std::from_chars(part.data(), part.data() + part.size(), size);
      if (parsed.ec != std::errc() || parsed.ptr != part.data() + part.size() || size < 1) {
        Fail("its shape must be positive numbers without the batch, e.g. [16] or [1,28,28]");
      }
      input_.shape.push_back(size);
      CountNumbers();
    }
    if (input_.shape.size() >= frame_format::kMaxRank) Fail("its shape has too many dimensions");
  }

  int64_t CountNumbers() const {
    int64_t count = 1;
    for (const int64_t size : input_.shape) {
      if (size > kMaxRowNumbers / count) Fail("a row of that shape is too large");
      count *= size;
    }
    return count;
  }

  void ParsePacked(std::string_view braces) {
    if (!input_.shape.empty()) Fail("packed fields take no shape: it is their number");
    if (!braces.ends_with('}')) Fail("packed fields end with }, e.g. {age,income}:f32");
    const size_t size = SizeOf(input_.dtype);
    for (const std::string_view part : Split(braces.substr(1, braces.size() - 2))) {
      const size_t equals = std::min(part.find('='), part.size());
      AddField(part.substr(0, equals), part.substr(equals), {}, input_.fields.size() * size);
    }
    input_.shape = {static_cast<int64_t>(input_.fields.size())};
  }

  void AddField(std::string_view path, std::string_view fallback, std::vector<int64_t> shape,
                size_t position) {
    try {
      ParsePath(path);
    } catch (const Error& error) {
      Fail(error.what());
    }
    std::string element;
    if (!fallback.empty()) {
      element = EncodeNumber(input_.dtype, fallback.substr(1));
      if (element.empty()) {
        Fail(fmt::format("\"{}\" is no {}", fallback.substr(1), NameOf(input_.dtype)));
      }
    }
    input_.fields.push_back(
        {std::string(path), input_.dtype, std::move(shape), std::move(element), 0, position});
  }

  std::string_view spec_;
  Input input_;
};

std::vector<Input> ParseInputs(const std::vector<std::string>& specs) {
  std::vector<Input> inputs;
  for (const std::string& spec : specs) {
    Input input = ParseInput(spec);
    for (Field& field : input.fields) field.row = inputs.size();
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::vector<Output> ParseOutputs(const std::vector<std::string>& specs) {
  std::vector<Output> outputs;
  for (const std::string& spec : specs) outputs.push_back(ParseOutput(spec));
  return outputs;
}

void FillFromModel(std::string_view json, Signature& signature) {
  try {
    if (signature.inputs.empty()) {
      signature.inputs = ParseInputs(ListStrings(json, "inputs", "spec"));
    }
    if (signature.outputs.empty()) {
      signature.outputs = ParseOutputs(ListStrings(json, "outputs", "name"));
    }
    if (signature.labels.empty()) signature.labels = ListStrings(json, "labels");
  } catch (const Error& error) {
    throw Error(ErrorKind::kConfiguration, fmt::format("rk.json in the model: {}", error.what()));
  }
}

void CheckOutputs(const std::vector<Output>& outputs) {
  std::vector<std::string> names;
  for (const Output& output : outputs) names.push_back(output.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) {
    throw Error(ErrorKind::kUsage, fmt::format("output \"{}\" is named twice", *twice));
  }
}

}  // namespace

Input ParseInput(std::string_view spec) { return SpecParser(spec).Parse(); }

Output ParseOutput(std::string_view spec) {
  constexpr std::string_view kTopK = "topk=";
  const size_t colon = std::min(spec.rfind(':'), spec.size());
  Output output{std::string(spec.substr(0, colon))};
  std::string_view pick = spec.substr(std::min(colon + 1, spec.size()));
  const auto fail = [spec] {
    throw Error(ErrorKind::kUsage,
                fmt::format("output \"{}\": write NAME, NAME:argmax or NAME:topk=K", spec));
  };
  if (output.name.empty()) fail();
  if (colon == spec.size()) return output;
  if (pick == "argmax") {
    output.pick = Output::Pick::kArgmax;
  } else if (pick.starts_with(kTopK)) {
    pick.remove_prefix(kTopK.size());
    output.pick = Output::Pick::kTopK;
    const auto parsed = std::from_chars(pick.data(), pick.data() + pick.size(), output.k);
    if (parsed.ec != std::errc() || parsed.ptr != pick.data() + pick.size() || output.k == 0) {
      fail();
    }
  } else {
    fail();
  }
  return output;
}

Signature MakeSignature(const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs, std::string_view model_signature,
                        const std::vector<std::string>& labels) {
  Signature signature{ParseInputs(inputs), ParseOutputs(outputs), labels};
  if (!model_signature.empty()) FillFromModel(model_signature, signature);
  if (signature.inputs.empty()) {
    throw Error(ErrorKind::kUsage,
                "the model file does not describe its inputs: give --input 'PATH:DTYPE[SHAPE]' for "
                "each argument, e.g. --input 'features:f32[16]'");
  }
  CheckOutputs(signature.outputs);
  return signature;
}

std::vector<std::string> ReadLabels(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) {
    throw Error(errno == ENOENT ? ErrorKind::kMissing : ErrorKind::kIo,
                fmt::format("labels {}: {}", file, std::strerror(errno)));
  }
  std::vector<std::string> labels;
  for (std::string line; std::getline(stream, line);) labels.push_back(line);
  return labels;
}

}  // namespace rk
