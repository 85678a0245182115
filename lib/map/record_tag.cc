#include "lib/map/record_tag.h"

#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "lib/batch/record_encoding.h"
#include "lib/codec/json/bytes.h"
#include "lib/codec/json/splice.h"

namespace rk {
namespace {

void AppendNullable(const std::optional<std::string_view>& bytes, std::string& out) {
  bytes ? AppendBytes(*bytes, out) : (void)(out += "null");
}

void AppendHeaders(std::string_view encoded, std::string& out) {
  HeaderReader reader(encoded);
  HeaderView header;
  out += '[';
  for (bool first = true; reader.Next(&header); first = false) {
    out += first ? "[" : ",[";
    AppendBytes(header.name, out);
    out += ',';
    AppendNullable(header.value, out);
    out += ']';
  }
  out += ']';
}

}  // namespace

void AppendRecordTag(uint64_t number, bool with_meta, const BatchInfo& batch,
                     const RecordView& record, std::string& out) {
  if (!with_meta) {
    fmt::format_to(std::back_inserter(out), "{}", number);
    return;
  }
  fmt::format_to(std::back_inserter(out), R"({{"id":{},"topic":)", number);
  AppendQuoted(batch.topic, out);
  fmt::format_to(std::back_inserter(out), R"(,"partition":{},"offset":{},"timestamp":{},"key":)",
                 batch.partition, record.offset, record.timestamp_ms);
  AppendNullable(record.key, out);
  out += R"(,"headers":)";
  AppendHeaders(record.headers, out);
  out += '}';
}

}  // namespace rk
