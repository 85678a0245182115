#include <string>

#include "lib/text/record_format.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/unit/batch/sample_frame.h"

// What is taken writes every kind of record, and what has no token in it is written as it is.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, size_t size) {
  static const rk::Frame frame = rk::SampleRecords();
  return rk::Fuzz(data, size, rk::ErrorKind::kUsage, [](std::string_view text) {
    const rk::RecordFormat format(text);
    std::string out;
    for (size_t index = 0; index < frame.record_count(); ++index) {
      out.clear();
      format.Append(frame.info(), frame.record(index), out);
    }
    const bool plain =
        text != "json" && text.find_first_of(std::string_view("%\\\0", 3)) == text.npos;
    rk::Require(!plain || out == text);
  });
}
