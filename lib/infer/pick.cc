#include "lib/infer/pick.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace rk {
namespace {

template <typename T>
std::vector<double> Read(const char* data, size_t count) {
  std::vector<T> elements(count);
  std::memcpy(elements.data(), data, count * sizeof(T));
  return {elements.begin(), elements.end()};
}

// Whole numbers above 2^53 that a double does not tell apart count as equal.
std::vector<double> ReadRow(Dtype dtype, size_t count, const char* data) {
  switch (dtype) {
    case Dtype::kF32:
      return Read<float>(data, count);
    case Dtype::kF64:
      return Read<double>(data, count);
    case Dtype::kI32:
      return Read<int32_t>(data, count);
    case Dtype::kI64:
      return Read<int64_t>(data, count);
    case Dtype::kU8:
    case Dtype::kBool:
      return Read<uint8_t>(data, count);
  }
  return {};
}

}  // namespace

void Pick(Dtype dtype, size_t count, const char* data, size_t most, std::vector<size_t>& places) {
  const std::vector<double> row = ReadRow(dtype, count, data);
  places.clear();
  if (!std::all_of(row.begin(), row.end(), [](double one) { return std::isfinite(one); })) return;
  if (most == 1) {
    places.push_back(static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin()));
    return;
  }
  places.resize(count);
  std::iota(places.begin(), places.end(), size_t{0});
  const size_t kept = std::min(most, count);
  std::partial_sort(
      places.begin(), places.begin() + static_cast<std::ptrdiff_t>(kept), places.end(),
      [&row](size_t a, size_t b) { return row[a] > row[b] || (row[a] == row[b] && a < b); });
  places.resize(kept);
}

}  // namespace rk
