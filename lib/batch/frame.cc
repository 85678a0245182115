#include "lib/batch/frame.h"

#include <utility>

#include <xxhash.h>

#include "lib/base/little_endian.h"
#include "lib/batch/frame_cursor.h"

namespace rk {
namespace {

using namespace frame_format;  // NOLINT(google-build-using-namespace): a header of constants

void CheckBody(const FrameCursor& cursor) {
  const std::string_view bytes = cursor.bytes();
  const std::string_view body = bytes.substr(Load<uint32_t>(bytes.data() + kHeaderLengthAt));
  const auto hash = Load<uint64_t>(bytes.data() + kBodyHashAt);
  cursor.Require(hash == XXH3_64bits(body.data(), body.size()), kBodyHashAt,
                 "the hash of an unchanged body", hash);
}

}  // namespace

Frame Frame::Decode(Buffer bytes, uint64_t stream_position) {
  const FrameCursor cursor(bytes.view(), stream_position);
  CheckEnvelope(cursor);
  CheckBody(cursor);
  Frame frame(std::move(bytes));
  frame.Open(cursor);
  frame.CheckRecords(cursor);
  return frame;
}

Frame Frame::Clone() const {
  Buffer bytes(bytes_.size());
  bytes.Append(bytes_.view());
  Frame copy(std::move(bytes));
  copy.Open(FrameCursor(copy.bytes(), 0));
  return copy;
}

void Frame::Stamp(int64_t floor, uint32_t attempt) {
  info_.floor = floor;
  info_.attempt = attempt;
  StampHeader(bytes_.data(), floor, attempt);
}

void Frame::StampEpoch(int64_t epoch) {
  info_.epoch = epoch;
  StampHeaderEpoch(bytes_.data(), epoch);
}

}  // namespace rk
