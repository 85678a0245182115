#pragma once

#include <cstddef>
#include <string_view>

#include "lib/batch/frame_cursor.h"
#include "lib/batch/record.h"

// How a record's headers and its failure lie in a frame's data section; HeaderReader and
// AppendHeader (lib/batch/frame.h) are the rest of it.

namespace rk {

/// Throws Error(kBadData) unless the cursor's bytes are a whole list of headers.
void CheckHeaders(FrameCursor cursor);

/// Throws Error(kBadData) unless the cursor's bytes are one failure.
void CheckFailure(FrameCursor cursor);

/// Reads a failure that CheckFailure() has passed.
FailureView ReadFailure(const char* encoded);

size_t EncodedLength(const FailureView& failure);

/// Writes EncodedLength(failure) bytes.
void WriteFailure(const FailureView& failure, char* encoded);

}  // namespace rk
