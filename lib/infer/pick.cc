#include "lib/infer/pick.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <span>

#include <fmt/format.h>

#include "lib/codec/json/number.h"

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

void AppendPlace(size_t place, const std::vector<std::string>& labels, std::string& out) {
  out += labels.empty() ? fmt::format_int(place).str() : labels[place];
}

}  // namespace

bool AppendPicked(const Output& output, Dtype dtype, size_t count, const char* data,
                  const std::vector<std::string>& labels, std::string& out) {
  const std::vector<double> row = ReadRow(dtype, count, data);
  if (!std::all_of(row.begin(), row.end(), [](double one) { return std::isfinite(one); })) {
    return false;
  }
  if (output.pick == Output::Pick::kArgmax) {
    AppendPlace(static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin()), labels,
                out);
    return true;
  }
  std::vector<size_t> places(count);
  std::iota(places.begin(), places.end(), size_t{0});
  const auto end = places.begin() + static_cast<std::ptrdiff_t>(std::min(output.k, count));
  std::partial_sort(places.begin(), end, places.end(), [&row](size_t a, size_t b) {
    return row[a] > row[b] || (row[a] == row[b] && a < b);
  });
  out += '[';
  for (auto place = places.begin(); place != end; ++place) {
    if (place != places.begin()) out += ',';
    out += labels.empty() ? R"({"index":)" : R"({"label":)";
    AppendPlace(*place, labels, out);
    out += R"(,"score":)";
    (void)AppendTensor(dtype, {}, data + *place * SizeOf(dtype), out);
    out += '}';
  }
  out += ']';
  return true;
}

}  // namespace rk
