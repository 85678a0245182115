#include "lib/load/payload.h"

#include <array>
#include <cstring>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

Field Number(std::string path, size_t place) {
  Field field;
  field.path = std::move(path);
  field.dtype = Dtype::kI64;
  field.position = place * sizeof(int64_t);
  return field;
}

}  // namespace

std::string MarkedPayload(const LoadMark& mark, std::string_view key, std::string_view body) {
  const size_t brace = body.find_first_not_of(kBlanks);
  const size_t first = brace == body.npos ? body.npos : body.find_first_not_of(kBlanks, brace + 1);
  if (first == body.npos || body[brace] != '{') {
    throw Error(ErrorKind::kBadData, fmt::format("not a JSON object: {:.60}", body));
  }
  return fmt::format(R"({{"load":{{"run":{},"id":{},"key":"{}","ns":{}}}{}{})", mark.run, mark.id,
                     key, mark.scheduled_ns, body[first] == '}' ? "" : ",", body.substr(first));
}

MarkReader::MarkReader()
    : extractor_({Number("load.run", 0), Number("load.id", 1), Number("load.ns", 2)}, {}) {}

std::optional<LoadMark> MarkReader::Read(std::string_view json) {
  std::array<int64_t, 3> numbers{};
  const RowTarget row{reinterpret_cast<char*>(numbers.data()), nullptr};
  if (extractor_.Extract(json, {&row, 1})) return std::nullopt;
  return LoadMark{numbers[0], numbers[1], numbers[2]};
}

}  // namespace rk
