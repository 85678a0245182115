#include "lib/batch/record_encoding.h"

#include <algorithm>
#include <string>

#include "lib/base/little_endian.h"
#include "lib/batch/frame_cursor.h"
#include "lib/batch/frame_format.h"

namespace rk {
namespace {

constexpr size_t kLengths = 3 * sizeof(uint32_t);  // of a failure

void AppendNumber(std::string& encoded, uint32_t number) {
  char bytes[sizeof number];
  Store(bytes, number);
  encoded.append(bytes, sizeof bytes);
}

std::string_view Cut(std::string_view* rest, size_t length) {
  const std::string_view cut = rest->substr(0, length);
  rest->remove_prefix(length);
  return cut;
}

template <typename Number>
Number CutNumber(std::string_view* rest) {
  return Load<Number>(Cut(rest, sizeof(Number)).data());
}

}  // namespace

void AppendHeader(std::string& encoded, const HeaderView& header) {
  AppendNumber(encoded, static_cast<uint32_t>(header.name.size()));
  AppendNumber(encoded, header.value ? static_cast<uint32_t>(header.value->size())
                                     : static_cast<uint32_t>(frame_format::kNull));
  encoded.append(header.name).append(header.value.value_or(""));
}

bool HeaderReader::Next(HeaderView* header) {
  if (rest_.empty()) return false;
  const auto name_length = CutNumber<uint32_t>(&rest_);
  const auto value_length = CutNumber<int32_t>(&rest_);
  header->name = Cut(&rest_, name_length);
  header->value.reset();
  if (value_length >= 0) header->value = Cut(&rest_, static_cast<size_t>(value_length));
  return true;
}

void CheckHeaders(FrameCursor cursor) {
  while (!cursor.AtEnd()) {
    const auto name_length = cursor.TakeNumber<uint32_t>("the length of a header's name");
    const size_t at = cursor.at();
    const auto value_length = cursor.TakeNumber<int32_t>("the length of a header's value");
    cursor.Require(value_length >= frame_format::kNull, at, "a header's value length of -1 or more",
                   value_length);
    cursor.Take(name_length, "a header's name");
    cursor.Take(static_cast<uint64_t>(std::max(value_length, 0)), "a header's value");
  }
}

void CheckFailure(FrameCursor cursor) {
  uint64_t length = 0;
  for (int part = 0; part < 3; ++part) length += cursor.TakeNumber<uint32_t>("a failure's lengths");
  const size_t at = cursor.at();
  cursor.Take(length, "a failure's stage, code and message");
  cursor.Require(cursor.AtEnd(), at, "a failure's parts to fill its length", length);
}

FailureView ReadFailure(const char* encoded) {
  const auto stage = Load<uint32_t>(encoded);
  const auto code = Load<uint32_t>(encoded + sizeof(uint32_t));
  const auto message = Load<uint32_t>(encoded + 2 * sizeof(uint32_t));
  const char* text = encoded + kLengths;
  return {{text, stage}, {text + stage, code}, {text + stage + code, message}};
}

size_t EncodedLength(const FailureView& failure) {
  return kLengths + failure.stage.size() + failure.code.size() + failure.message.size();
}

void WriteFailure(const FailureView& failure, char* encoded) {
  char* text = encoded + kLengths;
  for (const std::string_view part : {failure.stage, failure.code, failure.message}) {
    Store(encoded, static_cast<uint32_t>(part.size()));
    encoded += sizeof(uint32_t);
    text = std::copy(part.begin(), part.end(), text);
  }
}

}  // namespace rk
