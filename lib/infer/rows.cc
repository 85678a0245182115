#include "lib/infer/rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/error.h"
#include "lib/codec/number.h"

namespace rk {
namespace {

std::vector<Field> AllFields(const std::vector<Input>& inputs) {
  std::vector<Field> fields;
  for (const Input& input : inputs) {
    fields.insert(fields.end(), input.fields.begin(), input.fields.end());
  }
  return fields;
}

std::string Describe(const ColumnView& column) {
  return fmt::format("@{}:{}[{}]", column.name, NameOf(column.dtype),
                     fmt::join(std::span(column.shape).subspan(1), ","));
}

}  // namespace

Rows::Rows(const std::vector<Input>& inputs, const std::vector<std::string>& watched,
           const Codec& codec)
    : inputs_(inputs),
      reader_(codec.NewReader(AllFields(inputs), watched)),
      reads_values_(!watched.empty() || !AllFields(inputs).empty()),
      stores_(inputs.size()),
      row_(inputs.size()),
      views_(inputs.size()) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    ColumnView& tensor = views_[i].tensor;
    tensor.dtype = inputs[i].dtype;
    tensor.shape = {0};
    tensor.shape.insert(tensor.shape.end(), inputs[i].shape.begin(), inputs[i].shape.end());
    if (inputs[i].text) views_[i].strings.emplace();
  }
}

void Rows::Open(const Frame& frame) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (!inputs_[i].column.empty()) stores_[i].column = FindColumn(frame, inputs_[i]);
  }
}

std::string_view Rows::FindColumn(const Frame& frame, const Input& input) const {
  if (frame.record_count() == 0) return {};
  std::vector<std::string> there;
  for (const ColumnView& column : frame.columns()) {
    if (column.name == input.column && column.dtype == input.dtype &&
        std::ranges::equal(std::span(column.shape).subspan(1), input.shape)) {
      return column.data;
    }
    there.push_back(Describe(column));
  }
  throw Error(
      ErrorKind::kConfiguration,
      fmt::format("a batch has no tensor column {}; it has: {} (the stage before gives one "
                  "with --emit tensor)",
                  input.spec, there.empty() ? "none" : fmt::to_string(fmt::join(there, ", "))));
}

std::optional<Rejection> Rows::Add(size_t index, const std::optional<std::string_view>& value) {
  Reserve(count_ + 1);
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const size_t row_bytes = inputs_[i].row_bytes;
    if (inputs_[i].text) {
      row_[i].text = &stores_[i].texts[count_];
    } else {
      row_[i].numbers = stores_[i].numbers.data() + count_ * row_bytes;
    }
    if (!inputs_[i].column.empty()) {
      std::memcpy(row_[i].numbers, stores_[i].column.data() + index * row_bytes, row_bytes);
    }
  }
  if (reads_values_) {
    if (!value) {
      return Rejection{"null-value", "the value is null (a tombstone): expected a JSON object"};
    }
    if (value->empty()) {
      return Rejection{"empty-value", "the value is empty: expected a JSON object"};
    }
    if (auto rejection = reader_->Extract(*value, row_)) return rejection;
  }
  ++count_;
  return std::nullopt;
}

std::span<const PresentMember> Rows::present() const {
  return reads_values_ ? reader_->present() : std::span<const PresentMember>();
}

void Rows::AddMadeUp(size_t count, Filling filling) {
  Reserve(count_ + count);
  for (size_t added = 0; added < count; ++added, ++count_) {
    for (size_t i = 0; i < inputs_.size(); ++i) FillRow(i, filling);
  }
}

void Rows::FillRow(size_t input, Filling filling) {
  Store& store = stores_[input];
  if (inputs_[input].text) {
    store.texts[count_] = filling == Filling::kZeros ? "" : "text";
    return;
  }
  const size_t row_bytes = inputs_[input].row_bytes;
  char* row = store.numbers.data() + count_ * row_bytes;
  std::fill_n(row, row_bytes, '\0');
  if (filling == Filling::kZeros) return;
  const Dtype dtype = inputs_[input].dtype;
  const bool fractions = dtype == Dtype::kF32 || dtype == Dtype::kF64;
  const size_t size = SizeOf(dtype);
  for (size_t at = 0, number = 0; at < row_bytes; at += size, ++number) {
    if (dtype == Dtype::kBool) {
      row[at] = 1;
    } else if (filling == Filling::kOnes || !fractions) {
      (void)StoreNumber(dtype, int64_t{1}, row + at);
    } else {
      // Of no pattern, so that for example a matrix of them has an inverse.
      const double golden = 0.618033988749895 * static_cast<double>(number * number + 1);
      (void)StoreNumber(dtype, golden - std::floor(golden) + 0.01, row + at);
    }
  }
}

std::span<const ModelValue> Rows::Inputs(size_t first, size_t last, size_t padded) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    ModelValue& view = views_[i];
    view.tensor.shape[0] = static_cast<int64_t>(padded);
    if (inputs_[i].text) {
      const auto begin = stores_[i].texts.begin();
      view.strings->assign(begin + static_cast<std::ptrdiff_t>(first),
                           begin + static_cast<std::ptrdiff_t>(last));
      view.strings->resize(padded, view.strings->back());
      continue;
    }
    const size_t row_bytes = inputs_[i].row_bytes;
    view.tensor.data = {stores_[i].numbers.data() + first * row_bytes, (last - first) * row_bytes};
    if (padded > last - first) {
      view.tensor.data = Pad(stores_[i], view.tensor.data, row_bytes, padded);
    }
  }
  return views_;
}

std::string_view Rows::Pad(Store& store, std::string_view rows, size_t row_bytes, size_t padded) {
  store.padded.assign(rows.begin(), rows.end());
  while (store.padded.size() < padded * row_bytes) {
    store.padded.insert(store.padded.end(), rows.end() - static_cast<std::ptrdiff_t>(row_bytes),
                        rows.end());
  }
  return {store.padded.data(), store.padded.size()};
}

void Rows::Reserve(size_t count) {
  if (count <= capacity_) return;
  capacity_ = std::max(count, capacity_ * 2);
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].text) {
      stores_[i].texts.resize(capacity_);
    } else {
      stores_[i].numbers.resize(capacity_ * inputs_[i].row_bytes);
    }
  }
}

}  // namespace rk
