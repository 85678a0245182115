#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/batch/frame.h"
#include "lib/batch/record.h"

namespace rk {

/// What a dead letter carries beside the record's own headers, in this order: Kafka Connect's
/// `__connect.errors.*` (KIP-298), as strings. The class name is the failure's code.
std::vector<std::pair<std::string, std::string>> DeadLetterHeaders(const BatchInfo& batch,
                                                                   const RecordView& record,
                                                                   const FailureView& failure);

/// The headers that say what a dead letter lost because the dead-letter topic would not take it.
inline constexpr char kValueBytesHeader[] = "rk-value-bytes";  ///< the value is null; its size
inline constexpr char kTimestampHeader[] = "rk-timestamp";     ///< the record's own, in ms

}  // namespace rk
