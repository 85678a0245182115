#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/batch/frame.h"

namespace rk {

/// The batch information of the samples: no field is 0, empty or like another.
BatchInfo SampleInfo();

/// Every kind of key, value, header, timestamp and state, at offsets with gaps.
Frame SampleRecords();

/// Two records and a tensor column of every dtype, also of the highest rank and of no elements.
Frame SampleColumns();

/// The frame that man/rk-frame.5 shows byte by byte.
Frame SampleOfPage();

/// A range of offsets without a record.
Frame SampleEmpty();

Frame SampleEnd();

/// `frame` as a later minor version may write it: `extra` unknown bytes (a multiple of 8) at the
/// end of its header.
Buffer WithLongerHeader(const Frame& frame, size_t extra);

Buffer CopyOf(std::string_view bytes);

/// Computes both hashes anew, so that only what else is wrong with a damaged frame can be found.
void Seal(Buffer& bytes);

/// What a reader says to the bytes: the message of an Error(kBadData), or nothing if they are fine.
/// Every other exception passes.
std::string Refusal(std::string_view bytes, uint64_t stream_position = 0);

/// Everything that can be read from the frame, as text. Touches every byte of it.
std::string TextOf(const Frame& frame);

}  // namespace rk
