#include "lib/infer/outputs.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/error.h"
#include "lib/codec/json/bytes.h"
#include "lib/codec/json/number.h"
#include "lib/infer/pick.h"

namespace rk {
namespace {

bool IsDict(std::span<const ModelValue> returned) {
  return !returned.empty() && !returned[0].tensor.name.empty();
}

std::vector<Output> DefaultOutputs(std::span<const ModelValue> returned) {
  std::vector<Output> outputs;
  for (size_t i = 0; i < returned.size(); ++i) {
    outputs.push_back({IsDict(returned)       ? std::string(returned[i].tensor.name)
                       : returned.size() == 1 ? "output"
                                              : fmt::format("output{}", i)});
  }
  return outputs;
}

std::string KeysOf(std::span<const ModelValue> returned) {
  std::vector<std::string_view> keys;
  for (const ModelValue& output : returned) keys.push_back(output.tensor.name);
  return fmt::format("{}", fmt::join(keys, ", "));
}

size_t RowBytes(const ColumnView& tensor) {
  return tensor.data.size() / static_cast<size_t>(tensor.shape[0]);
}

[[noreturn]] void Refuse(const std::string& why) { throw Error(ErrorKind::kConfiguration, why); }

}  // namespace

Outputs::Outputs(const Signature& signature, Emit emit,
                 std::optional<std::span<const ModelValue>> returned)
    : outputs_(signature.outputs), emit_(emit) {
  if (outputs_.empty() && !returned) {
    Refuse("the model's outputs are not known before its first record: name them with --output");
  }
  if (outputs_.empty()) outputs_ = DefaultOutputs(*returned);
  for (const Output& output : outputs_) {
    names_.push_back(output.name);
    AppendQuoted(output.name, quoted_.emplace_back());
  }
  for (const std::string& label : signature.labels) AppendQuoted(label, labels_.emplace_back());
  taken_.resize(names_.size());
  ends_.resize(names_.size());
  members_.resize(names_.size());
}

const ModelValue& Outputs::Find(std::span<const ModelValue> returned, size_t output) const {
  const std::string& name = names_[output];
  // A dict tends to keep its order, so the one in the same place is tried first.
  if (output < returned.size() && returned[output].tensor.name == name) return returned[output];
  const auto found = std::find_if(returned.begin(), returned.end(),
                                  [&](const ModelValue& one) { return one.tensor.name == name; });
  if (found == returned.end()) {
    Refuse(
        fmt::format("the model has no output \"{}\"; its outputs are: {}", name, KeysOf(returned)));
  }
  return *found;
}

void Outputs::Take(std::span<const ModelValue> returned, size_t rows) {
  const bool dict = IsDict(returned);
  if (!dict && returned.size() != names_.size()) {
    Refuse(fmt::format("the model returns {} outputs, but {} are named: {}", returned.size(),
                       names_.size(), fmt::join(names_, ", ")));
  }
  for (size_t i = 0; i < names_.size(); ++i) {
    taken_[i] = dict ? &Find(returned, i) : &returned[i];
    Check(i, rows);
  }
}

void Outputs::Check(size_t output, size_t rows) const {
  const ColumnView& tensor = taken_[output]->tensor;
  const std::string& name = names_[output];
  if (taken_[output]->rows() != static_cast<int64_t>(rows)) {
    Refuse(
        fmt::format("output \"{}\" of the model has the shape [{}] for {} rows in: its first "
                    "dimension must be the batch",
                    name, fmt::join(tensor.shape, ","), rows));
  }
  const bool strings = taken_[output]->strings.has_value();
  if (emit_ == Emit::kTensor && strings) {
    Refuse(fmt::format(
        "output \"{}\" of the model consists of strings, which cannot be a tensor column", name));
  }
  if (emit_ == Emit::kTensor && tensor.shape.size() > frame_format::kMaxRank) {
    Refuse(fmt::format("output \"{}\" of the model has too many dimensions", name));
  }
  if (outputs_[output].pick == Output::Pick::kAll) return;
  if (emit_ == Emit::kTensor) {
    Refuse(fmt::format("output \"{}\" becomes a whole tensor column: argmax and topk do not apply",
                       name));
  }
  const size_t elements = strings ? 0 : RowBytes(tensor) / SizeOf(tensor.dtype);
  if (elements == 0) Refuse(fmt::format("output \"{}\" has no numbers to pick from", name));
  if (!labels_.empty() && labels_.size() != elements) {
    Refuse(fmt::format("there are {} labels for the {} numbers of output \"{}\"", labels_.size(),
                       elements, name));
  }
}

bool Outputs::AppendRow(size_t output, size_t row) {
  const ModelValue& value = *taken_[output];
  if (value.strings) {
    AppendBytes((*value.strings)[row], text_);
    return true;
  }
  const ColumnView& tensor = value.tensor;
  const size_t row_bytes = RowBytes(tensor);
  const char* data = tensor.data.data() + row * row_bytes;
  if (outputs_[output].pick == Output::Pick::kAll) {
    return AppendTensor(tensor.dtype, std::span(tensor.shape).subspan(1), data, text_);
  }
  return AppendPicked(outputs_[output], tensor.dtype, row_bytes / SizeOf(tensor.dtype), data,
                      labels_, text_);
}

std::optional<Rejection> Outputs::Write(size_t row, std::string_view json,
                                        std::span<const PresentMember> present,
                                        std::string& value) {
  text_.clear();
  for (size_t i = 0; i < taken_.size(); ++i) {
    if (!AppendRow(i, row)) {
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
  if (emit_ == Emit::kMerge) {
    Merge(json, present, members_, value);
  } else {
    AppendObject(members_, value);
  }
  return std::nullopt;
}

}  // namespace rk
