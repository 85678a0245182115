#include "lib/model/outputs.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/batch/error.h"
#include "lib/json/number.h"

namespace rk {
namespace {

bool IsDict(std::span<const ColumnView> returned) {
  return !returned.empty() && !returned[0].name.empty();
}

std::vector<std::string> DefaultNames(std::span<const ColumnView> returned) {
  std::vector<std::string> names;
  for (size_t i = 0; i < returned.size(); ++i) {
    names.emplace_back(IsDict(returned)       ? std::string(returned[i].name)
                       : returned.size() == 1 ? "output"
                                              : fmt::format("output{}", i));
  }
  return names;
}

std::string KeysOf(std::span<const ColumnView> returned) {
  std::vector<std::string_view> keys;
  for (const ColumnView& output : returned) keys.push_back(output.name);
  return fmt::format("{}", fmt::join(keys, ", "));
}

}  // namespace

Outputs::Outputs(const std::vector<std::string>& names,
                 std::optional<std::span<const ColumnView>> returned)
    : names_(names) {
  if (names_.empty() && !returned) {
    throw Error(ErrorKind::kConfiguration,
                "what the model gives is not known before its first record: name its outputs with "
                "--output");
  }
  if (names_.empty()) names_ = DefaultNames(*returned);
  for (const std::string& name : names_) AppendQuoted(name, quoted_.emplace_back());
  taken_.resize(names_.size());
  ends_.resize(names_.size());
  members_.resize(names_.size());
}

const ColumnView& Outputs::Find(std::span<const ColumnView> returned, size_t output) const {
  const std::string& name = names_[output];
  // A dict tends to keep its order, so the one in the same place is tried first.
  if (output < returned.size() && returned[output].name == name) return returned[output];
  const auto found = std::find_if(returned.begin(), returned.end(),
                                  [&](const ColumnView& one) { return one.name == name; });
  if (found == returned.end()) {
    throw Error(
        ErrorKind::kConfiguration,
        fmt::format("the model has no output \"{}\"; its outputs are: {}", name, KeysOf(returned)));
  }
  return *found;
}

void Outputs::Take(std::span<const ColumnView> returned, size_t rows) {
  const bool dict = IsDict(returned);
  if (!dict && returned.size() != names_.size()) {
    throw Error(ErrorKind::kConfiguration,
                fmt::format("the model returns {} outputs, but {} are named: {}", returned.size(),
                            names_.size(), fmt::join(names_, ", ")));
  }
  for (size_t i = 0; i < names_.size(); ++i) {
    taken_[i] = dict ? &Find(returned, i) : &returned[i];
    const std::vector<int64_t>& shape = taken_[i]->shape;
    if (shape.empty() || shape[0] != static_cast<int64_t>(rows)) {
      throw Error(ErrorKind::kConfiguration,
                  fmt::format("output \"{}\" of the model has the shape [{}] for {} rows in: its "
                              "first dimension must be the rows'",
                              names_[i], fmt::join(shape, ","), rows));
    }
  }
}

std::optional<Rejection> Outputs::Write(size_t row, Emit emit, std::string_view json,
                                        std::span<const PresentMember> present,
                                        std::string& value) {
  text_.clear();
  for (size_t i = 0; i < taken_.size(); ++i) {
    const ColumnView& output = *taken_[i];
    const size_t row_bytes = output.data.size() / static_cast<size_t>(output.shape[0]);
    if (!AppendTensor(output.dtype, std::span(output.shape).subspan(1),
                      output.data.data() + row * row_bytes, text_)) {
      return Rejection{
          "non-finite-output",
          fmt::format("output \"{}\" is not finite, and JSON has no such number", names_[i])};
    }
    ends_[i] = text_.size();
  }
  const std::string_view text = text_;
  for (size_t i = 0, begin = 0; i < members_.size(); begin = ends_[i++]) {
    members_[i] = {quoted_[i], text.substr(begin, ends_[i] - begin)};
  }
  if (emit == Emit::kMerge) {
    Merge(json, present, members_, value);
  } else {
    AppendObject(members_, value);
  }
  return std::nullopt;
}

}  // namespace rk
