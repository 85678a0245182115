#include "lib/text/text_sink.h"

#include "lib/link/pipe.h"

namespace rk {

void TextSink::Send(const Frame& frame) {
  text_.clear();
  for (size_t i = 0; i < frame.record_count(); ++i)
    format_.Append(frame.info(), frame.record(i), text_);
  WriteOutput(fd_, text_);
}

}  // namespace rk
