#include "lib/infer/output_columns.h"

#include <algorithm>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

bool SameRows(std::span<const int64_t> column, std::span<const int64_t> row) {
  return std::ranges::equal(column.subspan(1), row);
}

}  // namespace

void OutputColumns::Start(const Outputs& outputs) {
  for (size_t i = 0; i < outputs.names().size(); ++i) {
    const Outputs::Row row = outputs.RowOf(i, 0);
    Column& column = columns_.emplace_back(
        Column{outputs.names()[i], row.dtype, {static_cast<int64_t>(records_)}, ""});
    column.shape.insert(column.shape.end(), row.shape.begin(), row.shape.end());
    column.data.resize(records_ * row.data.size());
  }
}

void OutputColumns::Put(const Outputs& outputs, size_t row, size_t record) {
  if (columns_.empty()) Start(outputs);
  for (size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    const Outputs::Row taken = outputs.RowOf(i, row);
    if (taken.dtype != column.dtype || !SameRows(column.shape, taken.shape)) {
      throw Error(ErrorKind::kConfiguration,
                  fmt::format("output \"{}\" of the model changes its shape from call to call: it "
                              "cannot be a tensor column",
                              column.name));
    }
    taken.data.copy(column.data.data() + record * taken.data.size(), taken.data.size());
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
