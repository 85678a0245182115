#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/little_endian.h"
#include "lib/batch/frame.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/unit/batch/sample_frame.h"

namespace rk {
namespace {

Frame Rebuilt(const Frame& frame) {
  FrameBuilder builder(frame.info(), frame.record_count(), 0);
  for (size_t index = 0; index < frame.record_count(); ++index) builder.Add(frame.record(index));
  for (const ColumnView& column : frame.columns()) builder.AddColumn(column);
  return builder.Finish();
}

/// Whatever the decoder accepts can be read to the last byte, built anew and cut in two.
void Use(Frame frame) {
  const std::string text = TextOf(frame);
  const auto [first, next] = std::pair{frame.info().first_offset, frame.info().next_offset};
  if (frame.kind() == FrameKind::kData) {
    Require(TextOf(Frame::Decode(CopyOf(Rebuilt(frame).bytes()))) == text);
    const int64_t middle = first + (next - first) / 2;
    const Frame front = Slice(frame, first, middle);
    const Frame back = Slice(frame, middle, next);
    Require(front.record_count() + back.record_count() == frame.record_count());
  }
  frame.Stamp(frame.info().floor, frame.info().attempt);
  Require(Refusal(frame.bytes()).empty());
}

/// Decodes a stream; with `seal` as if its broken frames had been written so, to get at what lies
/// behind the hashes.
void Read(std::string_view stream, bool seal) {
  const uint64_t length = stream.size();
  while (!stream.empty()) {
    const FramePrefix prefix =
        ReadFramePrefix(stream, frame_format::kDefaultMaxFrame, length - stream.size());
    Buffer bytes = CopyOf(stream.substr(0, prefix.total_length));
    if (seal) {
      Store(bytes.data() + frame_format::kTotalLengthAt, uint64_t{bytes.size()});
      Seal(bytes);
    }
    stream.remove_prefix(bytes.size());
    Use(Frame::Decode(std::move(bytes)));
  }
}

}  // namespace
}  // namespace rk

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  for (const bool seal : {false, true}) {
    rk::Fuzz(data, size, rk::ErrorKind::kBadData,
             [seal](std::string_view bytes) { rk::Read(bytes, seal); });
  }
  return 0;
}
