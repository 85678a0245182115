#include "lib/model/rows.h"

#include <algorithm>

namespace rk {
namespace {

std::vector<Field> AllFields(const std::vector<Input>& inputs) {
  std::vector<Field> fields;
  for (const Input& input : inputs) {
    fields.insert(fields.end(), input.fields.begin(), input.fields.end());
  }
  return fields;
}

}  // namespace

Rows::Rows(const std::vector<Input>& inputs, const std::vector<std::string>& watched)
    : inputs_(inputs),
      extractor_(AllFields(inputs), watched),
      tensors_(inputs.size()),
      row_(inputs.size()),
      views_(inputs.size()) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    views_[i].dtype = inputs[i].dtype;
    views_[i].shape = {0};
    views_[i].shape.insert(views_[i].shape.end(), inputs[i].shape.begin(), inputs[i].shape.end());
  }
}

std::optional<Rejection> Rows::Add(std::string_view json) {
  Reserve(count_ + 1);
  for (size_t i = 0; i < inputs_.size(); ++i) {
    row_[i] = tensors_[i].data() + count_ * inputs_[i].row_bytes;
  }
  std::optional<Rejection> rejection = extractor_.Extract(json, row_);
  if (!rejection) ++count_;
  return rejection;
}

void Rows::AddZeros(size_t count) {
  Reserve(count_ + count);
  for (size_t i = 0; i < inputs_.size(); ++i) {
    std::fill_n(tensors_[i].data() + count_ * inputs_[i].row_bytes, count * inputs_[i].row_bytes,
                '\0');
  }
  count_ += count;
}

std::span<const ColumnView> Rows::Inputs(size_t first, size_t last) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const size_t row_bytes = inputs_[i].row_bytes;
    views_[i].shape[0] = static_cast<int64_t>(last - first);
    views_[i].data = {tensors_[i].data() + first * row_bytes, (last - first) * row_bytes};
  }
  return views_;
}

void Rows::Reserve(size_t count) {
  if (count <= capacity_) return;
  capacity_ = std::max(count, capacity_ * 2);
  for (size_t i = 0; i < inputs_.size(); ++i) tensors_[i].resize(capacity_ * inputs_[i].row_bytes);
}

}  // namespace rk
