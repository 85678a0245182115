#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/batch/buffer.h"
#include "lib/codec/json/extract.h"

namespace rk {

inline Field Number(std::string path, Dtype dtype = Dtype::kF32) {
  return {std::move(path), dtype, {}, {}};
}

inline Field Array(std::string path, std::vector<int64_t> shape, Dtype dtype = Dtype::kF32) {
  return {std::move(path), dtype, std::move(shape), {}};
}

/// An extractor with one row to write into, and a text as it would lie in a frame.
class RecordReader {
 public:
  explicit RecordReader(std::vector<Field> fields, const std::vector<std::string>& watched = {},
                        const std::vector<std::string>& dropped = {}) {
    size_t size = 0;
    for (Field& field : fields) {
      field.position = size;
      size_t count = 1;
      for (const int64_t length : field.shape) count *= static_cast<size_t>(length);
      size += 8 * count;
    }
    row_.resize(size, '\x55');
    extractor_.emplace(fields, watched, dropped);
  }

  std::optional<Rejection> Read(std::string_view json) {
    Buffer buffer;
    buffer.Append(json);
    buffer.Append("}]\"0123456789");  // the next record's bytes are never taken for this one's
    const RowTarget row{row_.data(), &text_};
    return extractor_->Extract(buffer.view().substr(0, json.size()), {&row, 1});
  }

  /// The code of the rejection, or "" if there was none.
  std::string Code(std::string_view json) {
    const auto rejection = Read(json);
    return std::string(rejection ? rejection->code : "");
  }

  template <typename T>
  std::vector<T> Values(size_t count, size_t position = 0) const {
    std::vector<T> values(count);
    std::memcpy(values.data(), row_.data() + position, count * sizeof(T));
    return values;
  }

  template <typename T>
  T Value(size_t position = 0) const {
    return Values<T>(1, position)[0];
  }

  const std::string& text() const { return text_; }
  std::span<const PresentMember> present() const { return extractor_->present(); }

 private:
  std::vector<char> row_;
  std::string text_;
  std::optional<Extractor> extractor_;
};

}  // namespace rk
