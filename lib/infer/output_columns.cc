#include "lib/infer/output_columns.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

bool SameRows(std::span<const int64_t> a, std::span<const int64_t> b) {
  return std::ranges::equal(a.subspan(1), b.subspan(1));
}

}  // namespace

void OutputColumns::Start(const Outputs& outputs) {
  for (size_t i = 0; i < outputs.names().size(); ++i) {
    const ColumnView& tensor = outputs.taken(i).tensor;
    Column& column =
        columns_.emplace_back(Column{outputs.names()[i], tensor.dtype, tensor.shape, ""});
    const size_t row_bytes = tensor.data.size() / static_cast<size_t>(tensor.shape[0]);
    column.shape[0] = static_cast<int64_t>(records_);
    column.data.resize(records_ * row_bytes);
  }
}

void OutputColumns::Put(const Outputs& outputs, size_t row, size_t record) {
  if (columns_.empty()) Start(outputs);
  for (size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    const ColumnView& tensor = outputs.taken(i).tensor;
    if (tensor.dtype != column.dtype || !SameRows(tensor.shape, column.shape)) {
      throw Error(ErrorKind::kConfiguration,
                  fmt::format("output \"{}\" of the model changes its shape from call to call: it "
                              "cannot be a tensor column",
                              column.name));
    }
    const size_t row_bytes = column.data.size() / records_;
    std::memcpy(column.data.data() + record * row_bytes, tensor.data.data() + row * row_bytes,
                row_bytes);
  }
}

void OutputColumns::AddTo(FrameBuilder& builder, const std::vector<ColumnView>& columns) const {
  for (const ColumnView& column : columns) {
    const bool replaced = std::any_of(columns_.begin(), columns_.end(),
                                      [&](const Column& one) { return one.name == column.name; });
    if (!replaced) builder.AddColumn(column);
  }
  for (const Column& column : columns_) {
    builder.AddColumn({column.name, column.dtype, column.shape, column.data});
  }
}

}  // namespace rk
