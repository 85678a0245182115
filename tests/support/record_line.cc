#include "tests/support/record_line.h"

#include <string_view>

#include "tests/support/kafka_client.h"

namespace rk::support {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

std::string Hex(const void* bytes, size_t length) {
  if (bytes == nullptr) return "-";
  std::string text;
  for (const unsigned char byte : std::string_view(static_cast<const char*>(bytes), length)) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::optional<std::string> Bytes(std::string_view text) {
  if (text == "-") return std::nullopt;
  if (text.size() % 2 != 0) throw Failure("an odd number of hexadecimal digits");
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    const size_t high = kDigits.find(text[i]);
    const size_t low = kDigits.find(text[i + 1]);
    if (high == kDigits.npos || low == kDigits.npos) throw Failure("not a hexadecimal digit");
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

// Cuts the text before the first tab off `rest`.
std::string_view NextField(std::string_view& rest) {
  const size_t tab = std::min(rest.find('\t'), rest.size());
  const std::string_view field = rest.substr(0, tab);
  rest.remove_prefix(std::min(tab + 1, rest.size()));
  return field;
}

std::string HeadersOf(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  std::string text;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return text;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t length = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &length) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    text += "\t" + Hex(name, std::string_view(name).size()) + "=" + Hex(value, length);
  }
  return text;
}

}  // namespace

Record ParseLine(const std::string& line) {
  std::string_view rest = line;
  Record record;
  record.timestamp_ms = std::stoll(std::string(NextField(rest)));
  record.key = Bytes(NextField(rest));
  record.value = Bytes(NextField(rest));
  while (!rest.empty()) {
    const std::string_view header = NextField(rest);
    const size_t equals = header.find('=');
    if (equals == header.npos) throw Failure("a header without =");
    record.headers.emplace_back(Bytes(header.substr(0, equals)).value_or(""),
                                Bytes(header.substr(equals + 1)));
  }
  return record;
}

std::string LineOf(const rd_kafka_message_t& message) {
  return std::to_string(rd_kafka_message_timestamp(&message, nullptr)) + "\t" +
         Hex(message.key, message.key_len) + "\t" + Hex(message.payload, message.len) +
         HeadersOf(message);
}

}  // namespace rk::support
