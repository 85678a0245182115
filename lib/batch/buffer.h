#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

namespace rk {

/// A growable run of bytes that owns its memory and always has kPadding readable (not meaningful)
/// bytes past its end, which the JSON parser needs to read values in place. Move-only: frames are
/// never copied by accident. Not thread-safe.
class Buffer {
 public:
  static constexpr size_t kPadding = 64;

  Buffer() = default;
  explicit Buffer(size_t capacity) { Reserve(capacity); }
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  char* data() { return data_.get(); }
  const char* data() const { return data_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  std::string_view view() const { return {data_.get(), size_}; }

  /// Makes room for `capacity` bytes in all; existing bytes stay. Throws std::bad_alloc.
  void Reserve(size_t capacity) {
    if (capacity <= capacity_) return;
    void* grown = std::realloc(data_.get(), capacity + kPadding);
    if (grown == nullptr) throw std::bad_alloc();
    (void)data_.release();
    data_.reset(static_cast<char*>(grown));
    std::memset(data_.get() + capacity, 0, kPadding);
    capacity_ = capacity;
  }

  /// Adds `size` uninitialised bytes at the end and returns where they begin. Pointers into the
  /// buffer from before may dangle afterwards.
  char* Extend(size_t size) {
    if (size_ + size > capacity_) Reserve(std::max(size_ + size, capacity_ * 2));
    size_ += size;
    return data_.get() + size_ - size;
  }

  /// Drops what is past the first `size` bytes; `size` <= size().
  void Truncate(size_t size) { size_ = size; }

  void Append(std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(Extend(bytes.size()), bytes.data(), bytes.size());
  }

 private:
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };

  std::unique_ptr<char[], Free> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace rk
