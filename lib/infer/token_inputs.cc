#include "lib/infer/token_inputs.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "lib/base/error.h"

namespace rk {
namespace {

using Part = Input::Part;

// Transformers' names, then TensorFlow's and those of tokenizers themselves.
constexpr std::array<std::pair<std::string_view, Part>, 12> kNames = {
    {{"input_ids", Part::kIds},
     {"attention_mask", Part::kMask},
     {"token_type_ids", Part::kTypes},
     {"input_word_ids", Part::kIds},
     {"input_mask", Part::kMask},
     {"input_type_ids", Part::kTypes},
     {"ids", Part::kIds},
     {"mask", Part::kMask},
     {"type_ids", Part::kTypes},
     {"token_ids", Part::kIds},
     {"tokens", Part::kIds},
     {"segment_ids", Part::kTypes}}};

[[noreturn]] void Refuse(const std::string& why) { throw Error(ErrorKind::kConfiguration, why); }

std::optional<Part> PartOf(const Argument& argument) {
  const auto found = std::find_if(kNames.begin(), kNames.end(),
                                  [&](const auto& one) { return one.first == argument.name; });
  return found == kNames.end() ? std::nullopt : std::optional(found->second);
}

Input PartOf(const Input& tokens, const Argument& argument, Part part, bool first) {
  Input input = tokens;
  if (!first) input.fields.clear();
  input.part = part;
  input.argument = argument.name;
  input.dtype = argument.dtype;
  input.row_bytes = SizeOf(argument.dtype);
  return input;
}

}  // namespace

std::vector<Input> ExpandTokens(const std::vector<Input>& inputs,
                                std::span<const Argument> arguments) {
  const Input* const tokens = FindTokens(inputs);
  if (tokens == nullptr) return inputs;
  const auto place = static_cast<size_t>(tokens - inputs.data());
  if (FindTokens(std::span(inputs).subspan(place + 1)) != nullptr) {
    Refuse(
        "two inputs are of tokens: the model's arguments do not say which is whose; two texts in "
        "one are {PATH,PATH}:tokens[N]");
  }
  if (arguments.empty()) {
    Refuse(
        "the model does not name its arguments, and tokens go by their names: list them in its "
        "rk.json, e.g. \"arguments\": [\"input_ids\", \"attention_mask\"]");
  }
  const bool named = std::any_of(arguments.begin(), arguments.end(),
                                 [](const Argument& one) { return PartOf(one).has_value(); });
  std::vector<Input> expanded;
  bool first = true;
  auto other = inputs.begin();
  for (size_t i = 0; i < arguments.size(); ++i) {
    auto part = PartOf(arguments[i]);
    if (!named && i == place) part = Part::kIds;
    if (part) {
      expanded.push_back(PartOf(*tokens, arguments[i], *part, std::exchange(first, false)));
      continue;
    }
    if (other != inputs.end() && &*other == tokens) ++other;
    if (other != inputs.end()) expanded.push_back(*other++);
  }
  for (; other != inputs.end(); ++other) {
    if (&*other != tokens) expanded.push_back(*other);  // too many: the model says so
  }
  return expanded;
}

const Input* FindTokens(std::span<const Input> inputs) {
  const auto found = std::find_if(inputs.begin(), inputs.end(), [](const Input& input) {
    return input.tokens > 0 && !input.fields.empty();
  });
  return found == inputs.end() ? nullptr : &*found;
}

}  // namespace rk
