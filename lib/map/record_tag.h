#pragma once

#include <cstdint>
#include <string>

#include "lib/batch/frame_header.h"
#include "lib/batch/record.h"

namespace rk {

/// Appends the tag under which a program gets a record: its number, or, `with_meta`, an object of
/// `id` (the number), topic, partition, offset, timestamp (ms), key and headers (pairs of name and
/// value). Bytes that are no UTF-8 are `{"base64":"…"}`, a null is null.
void AppendRecordTag(uint64_t number, bool with_meta, const BatchInfo& batch,
                     const RecordView& record, std::string& out);

}  // namespace rk
