#pragma once

#include <string>
#include <vector>

#include "lib/batch/frame.h"
#include "lib/infer/outputs.h"

namespace rk {

/// The outputs of a model as tensor columns of one frame (--emit tensor), of one call or several.
/// A record that had no row has zeros.
class OutputColumns {
 public:
  explicit OutputColumns(size_t records) : records_(records) {}

  /// Row `row` of what `outputs` took is that of the frame's record number `record`.
  /// Throws Error(kConfiguration) if another row of the frame had another type or shape.
  void Put(const Outputs& outputs, size_t row, size_t record);

  /// Adds them, and those of `columns` that have other names.
  void AddTo(FrameBuilder& builder, const std::vector<ColumnView>& columns) const;

 private:
  struct Column {
    std::string name;
    Dtype dtype;
    std::vector<int64_t> shape;
    std::string data;
  };

  void Start(const Outputs& outputs);

  size_t records_;
  std::vector<Column> columns_;
};

}  // namespace rk
