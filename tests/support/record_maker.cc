#include "tests/support/record_maker.h"

#include <array>
#include <charconv>
#include <chrono>
#include <stdexcept>
#include <string_view>

namespace rk::support {
namespace {

constexpr size_t kNumbers = 4096;

template <typename Integer>
void AppendNumber(std::string& text, Integer number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

std::string FourDecimals(double number) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number,
                                 std::chars_format::fixed, 4)
                       .ptr;
  return {digits.data(), end};
}

}  // namespace

int64_t RealtimeNs() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

RecordMaker::RecordMaker(const Shape& shape)
    : shape_(shape),
      random_(shape.seed),
      padding_(shape.size, '.'),
      next_id_(shape.first_id),
      first_timestamp_ms_(RealtimeNs() / 1000000 - static_cast<int64_t>(shape.count)) {
  if (shape.mode != "json" && shape.mode != "odd") {
    throw std::invalid_argument("no such mode of records: " + shape.mode);
  }
  std::uniform_real_distribution<double> uniform(-3.0, 3.0);
  for (size_t i = 0; i < kNumbers; ++i) numbers_.push_back(FourDecimals(uniform(random_)));
}

const Record& RecordMaker::Next() {
  const uint64_t id = next_id_++;
  record_.timestamp_ms = first_timestamp_ms_ + static_cast<int64_t>(id - shape_.first_id);
  record_.headers.clear();
  if (shape_.mode == "json") {
    MakeJson(id);
  } else {
    MakeOdd(id);
  }
  return record_;
}

void RecordMaker::MakeJson(uint64_t id) {
  std::string& key = record_.key.emplace("key-");
  AppendNumber(key, random_() % shape_.keys);
  std::string& value = record_.value.emplace();
  value.reserve(shape_.size + 64);
  value.append("{\"id\":");
  AppendNumber(value, id);
  value.append(",\"key\":\"").append(key).append("\"");
  if (shape_.stamp) {
    value.append(",\"ns\":");
    AppendNumber(value, RealtimeNs());
  }
  value.append(",\"").append(shape_.field).append("\":[");
  for (size_t i = 0; i < shape_.numbers; ++i) {
    if (i > 0) value.push_back(',');
    value.append(numbers_[random_() % kNumbers]);
  }
  value.append("],\"pad\":\"");
  const size_t length = value.size() + 2;
  if (length < shape_.size) value.append(padding_, 0, shape_.size - length);
  value.append("\"}");
  if (shape_.headers && id % 4 == 0) {
    record_.headers.emplace_back("traceparent", std::to_string(random_()));
    if (id % 8 == 0) record_.headers.emplace_back("source", "kfill");
  }
}

std::optional<std::string> RecordMaker::OddKey(uint64_t id) {
  if (id % 5 == 0) return std::nullopt;
  if (id % 5 == 1) return "";  // which is not null
  std::string key("\0\xff\n\t", 4);
  AppendNumber(key, random_() % shape_.keys);
  return key;
}

std::optional<std::string> RecordMaker::OddValue(uint64_t id) {
  if (id % 4 == 0) return std::nullopt;
  if (id % 4 == 1) return "";
  if (id % 4 == 2) return RandomBytes(300);
  return "plain text, which is no JSON\r\n";
}

void RecordMaker::MakeOdd(uint64_t id) {
  record_.key = OddKey(id);
  record_.value = OddValue(id);
  if (id % 3 == 0) return;
  record_.headers = {{"twice", "first"}, {"null", std::nullopt},     {"twice", "second"},
                     {"empty", ""},      {"bytes", RandomBytes(40)}, {"twice", "first"}};
  if (id % 3 == 2) record_.headers.emplace_back("", "a header without a name");
}

std::string RecordMaker::RandomBytes(size_t most) {
  std::string bytes(random_() % most, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random_());
  return bytes;
}

}  // namespace rk::support
