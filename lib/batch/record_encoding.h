#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "lib/batch/record.h"

// How a record's headers and its failure lie in a frame's data section.

namespace rk {

class FrameCursor;

/// Appends one header to an encoded list.
void AppendHeader(std::string& encoded, const HeaderView& header);

/// Walks an encoded list of headers that Frame::Decode has checked. Order and duplicates are kept.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view encoded) : rest_(encoded) {}
  /// False at the end.
  bool Next(HeaderView* header);

 private:
  std::string_view rest_;
};

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
