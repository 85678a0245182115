#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rk {

/// What became of a record so far (docs/architecture.md I7).
enum class RecordState : uint8_t {
  kOk = 0,        ///< on its way to the output topic
  kFailed = 1,    ///< on its way to the dead-letter topic; later stages pass it by
  kFiltered = 2,  ///< dropped on purpose; counts as done
};

enum class TimestampType : uint8_t { kNone = 0, kCreateTime = 1, kLogAppendTime = 2 };

/// Who failed a record and why. `code` is a short stable word (`invalid-json`, `missing-field`, …),
/// `message` is for people. Empty for records that are not failed.
struct FailureView {
  std::string_view stage;
  std::string_view code;
  std::string_view message;
};

/// One header of a record; a Kafka header's value may be null.
struct HeaderView {
  std::string_view name;
  std::optional<std::string_view> value;
};

/// A record as it lies in a frame. Borrows everything from the frame's buffer.
struct RecordView {
  int64_t offset = 0;
  int64_t timestamp_ms = -1;  ///< -1 where the record has none
  TimestampType timestamp_type = TimestampType::kNone;
  RecordState state = RecordState::kOk;
  std::optional<std::string_view> key;    ///< nullopt is Kafka's null, not the empty string
  std::optional<std::string_view> value;  ///< nullopt is a tombstone
  /// Encoded as in a frame: read with HeaderReader, write with AppendHeader.
  std::string_view headers;
  FailureView failure;
};

}  // namespace rk
