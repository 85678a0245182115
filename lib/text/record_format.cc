#include "lib/text/record_format.h"

#include <array>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/codec/json/bytes.h"
#include "lib/codec/json/splice.h"
#include "lib/text/unescape.h"

namespace rk {
namespace {

constexpr std::string_view kTokens = "sSRkKhtpoT";

using Bytes = std::optional<std::string_view>;

int32_t LengthOf(const Bytes& bytes) { return bytes ? static_cast<int32_t>(bytes->size()) : -1; }

template <typename Number>
void AppendNumber(Number number, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{}", number);
}

void AppendBigEndian(int32_t number, std::string& out) {
  const auto bits = static_cast<uint32_t>(number);
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(bits >> shift & 0xff);
}

void AppendHeaders(std::string_view encoded, std::string& out) {
  HeaderReader reader(encoded);
  HeaderView header;
  for (bool first = true; reader.Next(&header); first = false) {
    if (!first) out += ',';
    out.append(header.name) += '=';
    out += header.value.value_or("NULL");
  }
}

void AppendJson(const Bytes& bytes, std::string& out) {
  bytes ? AppendBytes(*bytes, out) : (void)(out += "null");
}

void AppendJsonHeaders(std::string_view encoded, std::string& out) {
  HeaderReader reader(encoded);
  HeaderView header;
  char comma = '[';
  out += R"(,"headers":)";
  while (reader.Next(&header)) {
    out += std::exchange(comma, ',');
    AppendBytes(header.name, out);
    out += ',';
    AppendJson(header.value, out);
  }
  out += ']';
}

void AppendFailure(const FailureView& failure, std::string& out) {
  out += R"(,"failed":{"stage":)";
  AppendBytes(failure.stage, out);
  out += R"(,"code":)";
  AppendBytes(failure.code, out);
  out += R"(,"message":)";
  AppendBytes(failure.message, out);
  out += '}';
}

void AppendEnvelope(const BatchInfo& batch, const RecordView& record, std::string& out) {
  constexpr std::array<std::string_view, 3> kTypes = {"none", "create", "logappend"};
  out += R"({"topic":)";
  AppendQuoted(batch.topic, out);
  fmt::format_to(std::back_inserter(out), R"(,"partition":{},"offset":{},"tstype":"{}","ts":{})",
                 batch.partition, record.offset, kTypes[static_cast<size_t>(record.timestamp_type)],
                 record.timestamp_ms);
  if (!record.headers.empty()) AppendJsonHeaders(record.headers, out);
  out += R"(,"key":)";
  AppendJson(record.key, out);
  out += R"(,"payload":)";
  AppendJson(record.value, out);
  if (record.state == RecordState::kFailed) AppendFailure(record.failure, out);
  out += "}\n";
}

void AppendToken(char token, const BatchInfo& batch, const RecordView& record, std::string& out) {
  switch (token) {
    case 's':
      out += record.value.value_or("");
      return;
    case 'S':
      return AppendNumber(LengthOf(record.value), out);
    case 'R':
      return AppendBigEndian(LengthOf(record.value), out);
    case 'k':
      out += record.key.value_or("");
      return;
    case 'K':
      return AppendNumber(LengthOf(record.key), out);
    case 'h':
      return AppendHeaders(record.headers, out);
    case 't':
      out += batch.topic;
      return;
    case 'p':
      return AppendNumber(batch.partition, out);
    case 'o':
      return AppendNumber(record.offset, out);
    default:
      return AppendNumber(record.timestamp_ms, out);
  }
}

}  // namespace

RecordFormat::RecordFormat(std::string_view text) : json_(text == "json") {
  if (json_) return;
  const std::string_view whole = text;
  while (!text.empty()) {
    const size_t plain = std::min(text.find('%'), text.size());
    if (plain > 0) parts_.push_back({0, Unescape(text.substr(0, plain))});
    text.remove_prefix(plain);
    if (text.empty()) return;
    const char token = text.size() > 1 ? text[1] : '\0';
    if (token == '%') {
      parts_.push_back({0, "%"});
    } else if (token != '\0' && kTokens.find(token) != std::string_view::npos) {
      parts_.push_back({token, {}});
    } else {
      throw Error(
          ErrorKind::kUsage,
          fmt::format("format '{}': '{}' is not a token; the tokens are %s %S %R %k %K %h %t %p %o "
                      "%T and %% (see rk-read(1))",
                      whole, text.substr(0, 2)));
    }
    text.remove_prefix(2);
  }
}

void RecordFormat::Append(const BatchInfo& batch, const RecordView& record,
                          std::string& out) const {
  if (json_) return AppendEnvelope(batch, record, out);
  for (const Part& part : parts_) {
    if (part.token == 0) {
      out += part.text;
    } else {
      AppendToken(part.token, batch, record, out);
    }
  }
}

}  // namespace rk
