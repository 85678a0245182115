#include "tests/support/topic_digest.h"

#define XXH_INLINE_ALL
#include <algorithm>
#include <string_view>

#include <xxhash.h>

#include "tests/support/kafka_client.h"

namespace rk::support {
namespace {

using Entries = std::vector<TopicDigest::Entry>;

// Lengths go in too, so that no two different records make the same bytes.
void AppendBytes(std::string& scratch, const void* bytes, size_t length) {
  const uint64_t tag = bytes == nullptr ? UINT64_MAX : length;
  scratch.append(reinterpret_cast<const char*>(&tag), sizeof(tag));
  if (length > 0) scratch.append(static_cast<const char*>(bytes), length);
}

void AppendHeaders(std::string& scratch, const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t length = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &length) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    AppendBytes(scratch, name, std::string_view(name).size());
    AppendBytes(scratch, value, length);
  }
}

std::string_view FieldText(std::string_view value, const std::string& field) {
  const size_t start = value.find(field);
  if (start == value.npos) throw Failure("a record without the field " + field);
  std::string_view rest = value.substr(start + field.size());
  rest.remove_prefix(rest.starts_with(' '));  // Python writes one
  return rest.substr(0, rest.find_first_of(",}"));
}

// The entries of `output` without what is there for a second time or never was
// in the input; counts both.
std::vector<uint64_t> FirstOccurrences(const Entries& output,
                                       std::unordered_map<uint64_t, int64_t>& awaited,
                                       Difference& difference) {
  std::vector<uint64_t> first;
  for (const TopicDigest::Entry& entry : output) {
    const auto found = awaited.find(entry.identity);
    if (found == awaited.end()) {
      ++difference.extra;
    } else if (found->second == 0) {
      ++difference.duplicates;
    } else {
      --found->second;
      first.push_back(entry.identity);
    }
  }
  return first;
}

// True if `first` comes in the order of `input`, whatever of the input is
// missing.
bool InOrder(const std::vector<uint64_t>& first, const Entries& input) {
  auto next = first.begin();
  for (const TopicDigest::Entry& entry : input) {
    if (next != first.end() && *next == entry.identity) ++next;
  }
  return next == first.end();
}

// Of records that are the same, the last ones are called missing.
void NoteMissing(const Entries& input, std::unordered_map<uint64_t, int64_t>& awaited,
                 Difference& difference) {
  for (auto entry = input.rbegin(); entry != input.rend(); ++entry) {
    int64_t& count = awaited.at(entry->identity);
    if (count == 0) continue;
    --count;
    difference.missing_at.emplace(entry->partition, entry->offset);
  }
}

void CompareKey(uint64_t key, const Entries& input, const Entries& output, Difference& difference) {
  std::unordered_map<uint64_t, int64_t> awaited;
  for (const TopicDigest::Entry& entry : input) ++awaited[entry.identity];
  const std::vector<uint64_t> first = FirstOccurrences(output, awaited, difference);
  difference.missing += input.size() - first.size();
  if (key != TopicDigest::kNoKey && !InOrder(first, input)) ++difference.disordered_keys;
  if (key != TopicDigest::kNoKey && !output.empty() &&
      output.back().identity != input.back().identity)
    difference.stale_at.emplace(input.back().partition, input.back().offset);
  if (first.size() < input.size()) NoteMissing(input, awaited, difference);
}

}  // namespace

void TopicDigest::Add(const rd_kafka_message_t& message) {
  const std::string_view key = KeyOf(message);
  scratch_.clear();
  AppendBytes(scratch_, message.key, message.key_len);
  const int64_t timestamp = identity_.timestamp ? rd_kafka_message_timestamp(&message, nullptr) : 0;
  scratch_.append(reinterpret_cast<const char*>(&timestamp), sizeof(timestamp));
  if (identity_.field.empty()) {
    AppendBytes(scratch_, message.payload, message.len);
    AppendHeaders(scratch_, message);
  } else {
    scratch_.append(FieldText(ValueOf(message), field_));
  }
  const uint64_t key_hash = key.data() == nullptr ? kNoKey : XXH3_64bits(key.data(), key.size());
  keys_[key_hash].push_back(
      {XXH3_64bits(scratch_.data(), scratch_.size()), message.partition, message.offset});
  ++count_;
}

Difference Compare(const TopicDigest& input, const TopicDigest& output) {
  static const Entries none;
  Difference difference;
  for (const auto& [key, entries] : input.keys()) {
    const auto found = output.keys().find(key);
    CompareKey(key, entries, found == output.keys().end() ? none : found->second, difference);
  }
  for (const auto& [key, entries] : output.keys()) {
    if (!input.keys().contains(key)) difference.extra += entries.size();
  }
  return difference;
}

}  // namespace rk::support
