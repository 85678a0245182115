#include <unistd.h>

#include <string>

#include "lib/text/text_source.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

// Takes what stands before the first NUL, at least a byte, off `text`.
std::string TakeDelimiter(std::string_view& text) {
  const size_t end = std::min(std::max<size_t>(text.find('\0'), 1), text.size());
  std::string delimiter(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return delimiter;
}

// `text` through a pipe, which takes it at once, and back: each record with its key, and an end
// behind it.
std::string Through(std::string_view text, const rk::TextFormat& format) {
  int pipe_fds[2] = {};
  rk::Require(pipe(pipe_fds) == 0);
  rk::Require(write(pipe_fds[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  close(pipe_fds[1]);
  rk::TextSource source(pipe_fds[0], format);
  std::string joined;
  while (!source.ended()) {
    const auto frame = source.TryReceive();
    for (size_t index = 0; frame && index < frame->record_count(); ++index) {
      const rk::RecordView record = frame->record(index);
      if (record.key) joined.append(*record.key).append(*format.key_end);
      joined.append(*record.value).append(format.record_end);
    }
  }
  close(pipe_fds[0]);
  return joined;
}

// The same by hand: empty records left out, an end behind the last one.
std::string Expected(std::string_view text, const std::string& record_end) {
  std::string joined;
  while (!text.empty()) {
    const size_t end = std::min(text.find(record_end), text.size());
    if (end > 0) joined.append(text.substr(0, end)).append(record_end);
    text.remove_prefix(std::min(end + record_end.size(), text.size()));
  }
  return joined;
}

}  // namespace

// The input is the delimiter of records, that of keys, and the text: no byte of it is lost.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  return rk::Fuzz(data, size, rk::ErrorKind::kBadData, [](std::string_view text) {
    rk::TextFormat format;
    format.record_end = TakeDelimiter(text);
    format.key_end = TakeDelimiter(text);
    if (format.record_end.empty() || format.key_end->empty()) return;
    rk::Require(Through(text, format) == Expected(text, format.record_end));
  });
}
