#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace rk::support {

/// A record as a producer sees it.
struct Record {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  int64_t timestamp_ms = 0;
};

/// What the records of a topic look like.
struct Shape {
  std::string mode = "json";  ///< json, or odd: whatever Kafka allows and people forget
  uint64_t count = 1000;
  uint64_t keys = 1000;
  size_t size = 240;               ///< json: bytes of a value, at least; the rest is padding
  std::string field = "features";  ///< json: the name of the array of numbers
  size_t numbers = 16;             ///< json: how many are in it
  bool headers = false;            ///< json: every fourth record has some
  bool stamp = false;              ///< json: field "ns", CLOCK_REALTIME when the record was made
  uint64_t seed = 1;
  uint64_t first_id = 0;
};

/// Makes the same records from the same shape every time, except for stamps.
/// Each record differs from every other in its timestamp, one millisecond after
/// the one before it; they end now.
class RecordMaker {
 public:
  explicit RecordMaker(const Shape& shape);

  /// The next record, valid until the next call.
  const Record& Next();

 private:
  void MakeJson(uint64_t id);
  void MakeOdd(uint64_t id);
  std::optional<std::string> OddKey(uint64_t id);
  std::optional<std::string> OddValue(uint64_t id);
  std::string RandomBytes(size_t most);

  Shape shape_;
  std::mt19937_64 random_;
  std::vector<std::string> numbers_;  // printing floats would cost more than producing them
  std::string padding_;
  uint64_t next_id_;
  int64_t first_timestamp_ms_;
  Record record_;
};

/// CLOCK_REALTIME in nanoseconds.
int64_t RealtimeNs();

}  // namespace rk::support
