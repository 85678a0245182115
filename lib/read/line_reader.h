#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "lib/link/link_address.h"
#include "lib/link/sink.h"
#include "lib/read/ack_receiver.h"
#include "lib/read/window.h"
#include "lib/stage/tool.h"

namespace rk {

struct LineReaderOptions {
  std::string path;                        ///< of the file; `-` is standard input
  size_t batch_records = 500;              ///< at most
  size_t batch_bytes = size_t{1} << 20;    ///< at most; one line may go over
  size_t longest_line = size_t{32} << 20;  ///< bytes
  std::optional<uint64_t> count;           ///< records to read, then the end
  Ledger::Limits window;
  std::optional<LinkAddress> ack;  ///< on tcp://, where acknowledgements come from elsewhere
  /// For what is due once a second.
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

/// rk-read --from: lines → frames, without Kafka. Each line is a record's value and its offset the
/// line's number, counted from 0; empty ones are passed by. The topic is the path, the partition 0,
/// the timestamp when it was read. What has come leaves at once; each frame is kept until it is
/// acknowledged, as Reader does it. The thread of Run(), which makes all calls, reads; Sender and
/// AckReceiver have theirs.
class LineReader {
 public:
  /// Opens the file. Throws Error(kMissing), Error(kIo).
  LineReader(LineReaderOptions options, Sink& sink, Stage& stage);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// Reads until the end of the input, the count or a drain; returns when all that was read is
  /// acknowledged, and END is on its way. Throws Error(kBadData) for a line that is too long.
  void Run();

 private:
  struct Lines {
    size_t bytes = 0;   ///< of text_, up to the end of the last line
    int64_t lines = 0;  ///< empty ones too
    size_t records = 0;
  };

  void Wait();
  void ReadLines();
  void AddBatch();
  Lines NextLines() const;
  bool HasLine() const;
  bool Stopping() const;
  bool Finished();

  LineReaderOptions options_;
  Sink& sink_;
  Stage& stage_;
  const TopicPartition partition_;
  const Origin origin_ = RandomOrigin();
  int fd_;
  Window window_;
  AckReceiver acks_;
  int64_t epoch_;
  std::string text_;    ///< read, of no batch yet
  bool ended_ = false;  ///< the input has
  int64_t next_line_ = 0;
  uint64_t taken_ = 0;  ///< records
  std::chrono::steady_clock::time_point next_tick_;
  Metric& records_;
  Metric& bytes_;
  Metric& batches_;
};

/// Throws what LineReader would for the path.
void CheckLines(const std::string& path);

}  // namespace rk
