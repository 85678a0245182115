#include "lib/infer/output_spec.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

// Nothing if the text is not a number and nothing else.
template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

// Cuts `[:,I,…]` off the name; false if it is wrong.
bool TakeColumn(Output& output) {
  constexpr std::string_view kRows = "[:";
  const size_t bracket = output.name.rfind(kRows);
  if (bracket == std::string::npos || !output.name.ends_with(']')) return true;
  std::string_view rest = output.name;
  rest.remove_prefix(bracket + kRows.size());
  rest.remove_suffix(1);
  if (rest.empty()) return false;
  while (!rest.empty()) {
    if (rest[0] != ',') return false;
    rest.remove_prefix(1);
    const size_t end = std::min(rest.find(','), rest.size());
    const auto index = ParseNumber<int64_t>(rest.substr(0, end));
    if (!index) return false;
    output.column.push_back(*index);
    rest.remove_prefix(end);
  }
  output.name.resize(bracket);
  return true;
}

bool TakePick(std::string_view pick, Output& output) {
  constexpr std::string_view kTopK = "topk=";
  if (pick == "argmax") {
    output.pick = Output::Pick::kArgmax;
    return true;
  }
  if (!pick.starts_with(kTopK)) return false;
  output.pick = Output::Pick::kTopK;
  output.k = ParseNumber<size_t>(pick.substr(kTopK.size())).value_or(0);
  return output.k > 0;
}

}  // namespace

Output ParseOutput(std::string_view spec) {
  Output output;
  // A colon of a column's is none before a pick.
  const size_t colon = spec.ends_with(']') ? spec.npos : spec.rfind(':');
  output.name = spec.substr(0, colon);
  const bool picked = colon == spec.npos || TakePick(spec.substr(colon + 1), output);
  if (!picked || !TakeColumn(output) || output.name.empty()) {
    throw Error(ErrorKind::kUsage,
                fmt::format("output \"{}\": write NAME, NAME:argmax or NAME:topk=K, or NAME[:,I] "
                            "for column I",
                            spec));
  }
  return output;
}

}  // namespace rk
