#include "lib/infer/outputs.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/error.h"
#include "lib/batch/frame_format.h"
#include "lib/infer/pick.h"

namespace rk {
namespace {

// By Output::Pick.
constexpr std::array kForms = {Result::Form::kTensor, Result::Form::kPlace, Result::Form::kTop};

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

}  // namespace

Outputs::Outputs(const Signature& signature, Emit emit,
                 std::optional<std::span<const ModelValue>> returned, const Codec& codec)
    : outputs_(signature.outputs), label_count_(signature.labels.size()), emit_(emit) {
  if (outputs_.empty() && !returned) {
    Refuse("the model's outputs are not known before its first record: name them with --output");
  }
  if (outputs_.empty()) outputs_ = DefaultOutputs(*returned);
  for (const Output& output : outputs_) names_.push_back(output.name);
  taken_.resize(names_.size());
  results_.resize(names_.size());
  places_.resize(names_.size());
  writer_ = codec.NewWriter(names_, signature.labels);
}

// What did once fit and does not on other rows is the matter of these rows.
void Outputs::Refuse(const std::string& why) const {
  if (fitted_) throw ModelFailure(why, ModelFailure::Kind::kOperation);
  throw Error(ErrorKind::kConfiguration, why);
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
  fitted_ = true;
}

void Outputs::Check(size_t output, size_t rows) const {
  const ColumnView& tensor = taken_[output]->tensor;
  const std::string& name = names_[output];
  if (taken_[output]->rows() != static_cast<int64_t>(rows)) {
    throw ModelFailure(
        fmt::format("output \"{}\" of the model has the shape [{}] for {} rows in: its first "
                    "dimension must be the batch",
                    name, fmt::join(tensor.shape, ","), rows),
        taken_[output]->rows() == 0 ? ModelFailure::Kind::kRaised : ModelFailure::Kind::kRows);
  }
  const bool strings = taken_[output]->strings.has_value();
  if (emit_ == Emit::kTensor && strings) {
    Refuse(fmt::format(
        "output \"{}\" of the model consists of strings, which cannot be a tensor column", name));
  }
  if (emit_ == Emit::kTensor && tensor.shape.size() > frame_format::kMaxRank) {
    Refuse(fmt::format("output \"{}\" of the model has too many dimensions", name));
  }
  if (!outputs_[output].column.empty()) CheckColumn(output);
  if (outputs_[output].pick != Output::Pick::kAll) CheckPick(output);
}

void Outputs::CheckColumn(size_t output) const {
  const Output& wanted = outputs_[output];
  if (taken_[output]->strings) {
    Refuse(fmt::format("output \"{}\" consists of strings, which have no columns", wanted.name));
  }
  const std::span shape = std::span(taken_[output]->tensor.shape).subspan(1);
  for (size_t i = 0; i < wanted.column.size(); ++i) {
    const int64_t index = wanted.column[i];
    if (i < shape.size() && index < shape[i] && index >= -shape[i]) continue;
    Refuse(fmt::format("output \"{}\" has rows of the shape [{}], and no column [:,{}]",
                       wanted.name, fmt::join(shape, ","), fmt::join(wanted.column, ",")));
  }
}

void Outputs::CheckPick(size_t output) const {
  const std::string& name = names_[output];
  if (emit_ == Emit::kTensor) {
    Refuse(fmt::format("output \"{}\" becomes a whole tensor column: argmax and topk do not apply",
                       name));
  }
  const ModelValue& taken = *taken_[output];
  const size_t elements =
      taken.strings ? 0 : RowOf(output, 0).data.size() / SizeOf(taken.tensor.dtype);
  if (elements == 0) Refuse(fmt::format("output \"{}\" has no numbers to pick from", name));
  if (label_count_ != 0 && label_count_ != elements) {
    Refuse(fmt::format("there are {} labels for the {} numbers of output \"{}\"", label_count_,
                       elements, name));
  }
}

Outputs::Row Outputs::RowOf(size_t output, size_t row) const {
  const ColumnView& tensor = taken_[output]->tensor;
  const size_t row_bytes = RowBytes(tensor);
  Row taken{tensor.dtype, std::span(tensor.shape).subspan(1),
            tensor.data.substr(row * row_bytes, row_bytes)};
  for (const int64_t index : outputs_[output].column) {
    const int64_t from_start = index < 0 ? index + taken.shape[0] : index;
    const size_t bytes = taken.data.size() / static_cast<size_t>(taken.shape[0]);
    taken.data = taken.data.substr(static_cast<size_t>(from_start) * bytes, bytes);
    taken.shape = taken.shape.subspan(1);
  }
  return taken;
}

void Outputs::Fill(size_t output, size_t row) {
  const ModelValue& value = *taken_[output];
  Result& result = results_[output];
  if (value.strings) {
    result.form = Result::Form::kText;
    result.text = (*value.strings)[row];
    return;
  }
  const Row taken = RowOf(output, row);
  result.dtype = taken.dtype;
  result.shape = taken.shape;
  result.data = taken.data.data();
  const Output& wanted = outputs_[output];
  result.form = kForms[static_cast<size_t>(wanted.pick)];
  const bool whole = wanted.pick == Output::Pick::kAll && wanted.column.empty();
  if (!value.keys.empty() && whole) {
    result.form = Result::Form::kObject;
    result.keys = value.keys;
  }
  if (wanted.pick == Output::Pick::kAll) return;
  const size_t most = wanted.pick == Output::Pick::kArgmax ? 1 : wanted.k;
  Pick(taken.dtype, taken.data.size() / SizeOf(taken.dtype), result.data, most, places_[output]);
  result.places = places_[output];
}

std::optional<Rejection> Outputs::Write(size_t row, std::string_view record,
                                        std::span<const PresentMember> present,
                                        std::string& value) {
  for (size_t i = 0; i < taken_.size(); ++i) Fill(i, row);
  return emit_ == Emit::kMerge ? writer_->Merge(record, present, results_, value)
                               : writer_->Replace(results_, value);
}

}  // namespace rk
