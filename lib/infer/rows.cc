#include "lib/infer/rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/error.h"
#include "lib/codec/number.h"
#include "lib/infer/token_inputs.h"

namespace rk {
namespace {

constexpr size_t kMostPadded = size_t{64} << 20;

// Those that tokens are of go into rows of their own, behind the inputs'.
std::vector<Field> AllFields(const std::vector<Input>& inputs) {
  std::vector<Field> fields;
  size_t text = inputs.size();
  for (const Input& input : inputs) {
    for (const Field& field : input.fields) {
      fields.push_back(field);
      if (input.tokens > 0) fields.back().row = text++;
    }
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
  if (const Input* const tokens = FindTokens(inputs_)) {
    texts_.resize(tokens->fields.size());
    tokenizer_ = tokens->tokenizer;
  }
  for (std::string& text : texts_) row_.push_back({nullptr, &text});
  for (size_t i = 0; i < inputs.size(); ++i) PrepareView(i);
}

void Rows::PrepareView(size_t input) {
  const Input& one = inputs_[input];
  ColumnView& tensor = views_[input].tensor;
  tensor.dtype = one.dtype;
  tensor.shape = {0};
  tensor.shape.insert(tensor.shape.end(), one.shape.begin(), one.shape.end());
  if (one.kind == Field::Kind::kText) views_[input].strings.emplace();
  if (!one.is_list()) return;
  tensor.shape.push_back(0);
  Store& store = stores_[input];
  store.pad.assign(one.row_bytes, '\0');
  if (one.tokens == 0 || !tokenizer_) return;
  const Tokenizer::Padding padding = tokenizer_->padding();
  store.pads_left = padding.left;
  const uint32_t pad = one.part == Input::Part::kIds     ? padding.id
                       : one.part == Input::Part::kTypes ? padding.type
                                                         : 0;
  (void)StoreNumber(one.dtype, uint64_t{pad}, store.pad.data());
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

std::optional<Rejection> Rows::Add(size_t index, const std::optional<std::string_view>& value,
                                   const Tokens* tokens) {
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
  if (!texts_.empty()) {
    auto rejection = AddTokens(tokens != nullptr ? *tokens : tokenizer_->Encode(texts_));
    if (rejection) return rejection;
  }
  ++count_;
  return std::nullopt;
}

std::optional<Rejection> Rows::AddTokens(const Tokens& tokens) {
  constexpr std::string_view kCode = "tokenizer-error";
  if (!tokens.error.empty()) return Rejection{kCode, tokens.error};
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].tokens == 0 || PutTokens(i, tokens)) continue;
    return Rejection{kCode, fmt::format("a token of \"{}\" does not fit {}, which the model takes",
                                        inputs_[i].spec, NameOf(inputs_[i].dtype))};
  }
  return std::nullopt;
}

bool Rows::PutTokens(size_t input, const Tokens& tokens) {
  const Input& one = inputs_[input];
  std::string& row = stores_[input].texts[count_];
  row.resize(tokens.ids.size() * one.row_bytes);
  const std::vector<uint32_t>& numbers =
      one.part == Input::Part::kTypes ? tokens.types : tokens.ids;
  for (size_t i = 0; i < tokens.ids.size(); ++i) {
    const uint64_t number = one.part == Input::Part::kMask ? 1 : numbers[i];
    if (!StoreNumber(one.dtype, number, row.data() + i * one.row_bytes)) return false;
  }
  return true;
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
  return inputs_[input].kind == Field::Kind::kText || inputs_[input].is_list();
}

// As many as lists have, or as there may be; ids that every vocabulary has.
void Rows::FillTokens(size_t input, Filling filling) {
  const size_t count = std::min(kMadeUpLength, inputs_[input].tokens);
  const uint32_t id = filling == Filling::kZeros ? 0 : 1;
  (void)PutTokens(input, {std::vector(count, id), std::vector(count, uint32_t{0}), ""});
}

void Rows::FillRow(size_t input, Filling filling) {
  if (inputs_[input].tokens > 0) return FillTokens(input, filling);
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
    if (inputs_[i].is_list()) {
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
    if (inputs_[i].is_list() &&
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
  store.padded.clear();
  for (size_t row = 0; row < padded; ++row) {
    const std::string& list = rows[std::min(row, rows.size() - 1)];
    if (!store.pads_left) store.padded.insert(store.padded.end(), list.begin(), list.end());
    for (size_t left = row_bytes - list.size(); left > 0; left -= element) {
      store.padded.insert(store.padded.end(), store.pad.begin(), store.pad.end());
    }
    if (store.pads_left) store.padded.insert(store.padded.end(), list.begin(), list.end());
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
