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

constexpr size_t kMostPadded = size_t{64} << 20;

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

size_t Longest(std::span<const std::string> rows) {
  size_t longest = 0;
  for (const std::string& row : rows) longest = std::max(longest, row.size());
  return longest;
}

}  // namespace

Rows::Rows(const std::vector<Input>& inputs, const std::vector<std::string>& watched,
           const Codec& codec, const std::vector<std::string>& dropped)
    : inputs_(inputs),
      reader_(codec.NewReader(AllFields(inputs), watched, dropped)),
      reads_values_(!watched.empty() || !dropped.empty() || !AllFields(inputs).empty()),
      stores_(inputs.size()),
      row_(inputs.size()),
      views_(inputs.size()) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    ColumnView& tensor = views_[i].tensor;
    tensor.dtype = inputs[i].dtype;
    tensor.shape = {0};
    tensor.shape.insert(tensor.shape.end(), inputs[i].shape.begin(), inputs[i].shape.end());
    if (inputs[i].kind == Field::Kind::kList) tensor.shape.push_back(0);
    if (inputs[i].kind == Field::Kind::kText) views_[i].strings.emplace();
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
    if (InTexts(i)) {
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

bool Rows::InTexts(size_t input) const {
  return inputs_[input].kind == Field::Kind::kText || inputs_[input].kind == Field::Kind::kList;
}

void Rows::FillRow(size_t input, Filling filling) {
  Store& store = stores_[input];
  const Dtype dtype = inputs_[input].dtype;
  const size_t row_bytes = inputs_[input].row_bytes;
  const auto row = [&] { return std::span(store.numbers).subspan(count_ * row_bytes, row_bytes); };
  switch (inputs_[input].kind) {
    case Field::Kind::kText:
      store.texts[count_] = filling == Filling::kZeros ? "" : "text";
      return;
    case Field::Kind::kLength:
      (void)StoreNumber(dtype, uint64_t{kMadeUpLength}, row().data());
      return;
    case Field::Kind::kList:
      store.texts[count_].resize(kMadeUpLength * row_bytes);
      return FillNumbers(dtype, store.texts[count_], filling);
    case Field::Kind::kNumbers:
      return FillNumbers(dtype, row(), filling);
  }
}

void Rows::FillNumbers(Dtype dtype, std::span<char> row, Filling filling) {
  std::fill(row.begin(), row.end(), '\0');
  if (filling == Filling::kZeros) return;
  const bool fractions = dtype == Dtype::kF32 || dtype == Dtype::kF64;
  const size_t size = SizeOf(dtype);
  for (size_t at = 0, number = 0; at < row.size(); at += size, ++number) {
    if (dtype == Dtype::kBool) {
      row[at] = 1;
    } else if (filling == Filling::kOnes || !fractions) {
      (void)StoreNumber(dtype, int64_t{1}, row.data() + at);
    } else {
      // Of no pattern, so that for example a matrix of them has an inverse.
      const double golden = 0.618033988749895 * static_cast<double>(number * number + 1);
      (void)StoreNumber(dtype, golden - std::floor(golden) + 0.01, row.data() + at);
    }
  }
}

std::span<const ModelValue> Rows::Inputs(size_t first, size_t last, size_t padded) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    ModelValue& view = views_[i];
    view.tensor.shape[0] = static_cast<int64_t>(padded);
    if (inputs_[i].kind == Field::Kind::kList) {
      ViewList(i, first, last, padded);
      continue;
    }
    if (inputs_[i].kind == Field::Kind::kText) {
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

bool Rows::TooLong(size_t first, size_t last) const {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].kind == Field::Kind::kList &&
        Longest(std::span(stores_[i].texts).subspan(first, last - first)) * (last - first) >
            kMostPadded) {
      return true;
    }
  }
  return false;
}

void Rows::ViewList(size_t input, size_t first, size_t last, size_t padded) {
  Store& store = stores_[input];
  const std::span rows = std::span(store.texts).subspan(first, last - first);
  const size_t element = inputs_[input].row_bytes;
  const size_t row_bytes = std::max(Longest(rows), element);
  store.padded.assign(padded * row_bytes, '\0');
  for (size_t row = 0; row < padded; ++row) {
    const std::string& list = rows[std::min(row, rows.size() - 1)];
    list.copy(store.padded.data() + row * row_bytes, list.size());
  }
  views_[input].tensor.shape[1] = static_cast<int64_t>(row_bytes / element);
  views_[input].tensor.data = {store.padded.data(), store.padded.size()};
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
    if (InTexts(i)) {
      stores_[i].texts.resize(capacity_);
    } else {
      stores_[i].numbers.resize(capacity_ * inputs_[i].row_bytes);
    }
  }
}

}  // namespace rk
