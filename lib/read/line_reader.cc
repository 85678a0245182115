#include "lib/read/line_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "lib/base/clock.h"
#include "lib/base/descriptor_io.h"
#include "lib/base/error.h"
#include "lib/read/end_to_end.h"
#include "lib/read/sender.h"

namespace rk {
namespace {

using std::chrono::milliseconds;

constexpr size_t kReadBytes = size_t{256} << 10;
constexpr milliseconds kBetweenTicks{1000};

int Open(const std::string& path) {
  const int fd = path == "-" ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd >= 0) return fd;
  throw Error(errno == ENOENT ? ErrorKind::kMissing : ErrorKind::kIo,
              fmt::format("{}: {}", path, std::strerror(errno)));
}

}  // namespace

void CheckLines(const std::string& path) { close(Open(path)); }

LineReader::LineReader(LineReaderOptions options, Sink& sink, Stage& stage)
    : options_(std::move(options)),
      sink_(sink),
      stage_(stage),
      partition_{options_.path, 0},
      fd_(Open(options_.path)),
      window_(options_.window),
      acks_(window_, origin_, /*shared=*/false, /*exactly_once=*/false, stage.log, options_.ack),
      epoch_(Nanoseconds(CLOCK_BOOTTIME)),
      records_(stage.metrics.Counter("records")),
      bytes_(stage.metrics.Counter("bytes")),
      batches_(stage.metrics.Counter("batches")) {
  stage.metrics.Gauge("assigned").Set(1);
  MeasureEndToEnd(window_, stage.metrics);
  window_.With([&](Ledger& ledger) { ledger.Assign(partition_, epoch_, 0); });
}

LineReader::~LineReader() { close(fd_); }

void LineReader::Run() {
  Sender sender(window_, sink_);
  while (!Finished()) {
    Wait();
    window_.ClearWake();
    window_.RethrowFailure();
    if (!Stopping() && !HasLine()) ReadLines();
    while (!Stopping() && HasLine() && window_.WantsMore()) AddBatch();
    const auto now = options_.now();
    if (now < next_tick_) continue;
    next_tick_ = now + kBetweenTicks;
    if (sink_.lossy()) window_.ReplayOverdue(now, stage_.log);
    window_.WarnIfUnanswered(now, stage_.log);
  }
  sender.Stop();
  sink_.Finish(origin_);
}

void LineReader::Wait() {
  window_.AskForWake();
  if (Finished() || (!Stopping() && HasLine() && window_.WantsMore())) return;
  const bool reads = !Stopping() && !HasLine();
  std::array<pollfd, 3> watched{
      pollfd{reads ? fd_ : -1, POLLIN, 0}, pollfd{window_.wake_fd(), POLLIN, 0},
      pollfd{stage_.signals.draining() ? -1 : stage_.signals.drain_fd(), POLLIN, 0}};
  poll(watched.data(), watched.size(), int{kBetweenTicks.count()});
}

void LineReader::ReadLines() {
  const auto count = ReadAvailable(fd_, kReadBytes, options_.path, text_);
  if (!count) return;
  if (*count == 0) ended_ = true;
  if (!HasLine() && text_.size() > options_.longest_line) {
    throw Error(ErrorKind::kBadData,
                fmt::format("{}: line {} is longer than {} bytes: is there one record per line?",
                            options_.path, next_line_ + 1, options_.longest_line));
  }
}

// The last line may lack its end.
bool LineReader::HasLine() const {
  return text_.find('\n') != std::string::npos || (ended_ && !text_.empty());
}

LineReader::Lines LineReader::NextLines() const {
  Lines next;
  const uint64_t left = options_.count.value_or(UINT64_MAX) - taken_;
  const size_t most = std::min<uint64_t>(options_.batch_records, left);
  while (next.bytes < text_.size() && next.records < most) {
    size_t end = text_.find('\n', next.bytes);
    if (end == std::string::npos && !ended_) break;
    end = std::min(end, text_.size());
    if (next.records > 0 && end > options_.batch_bytes) break;
    if (end > next.bytes) ++next.records;
    ++next.lines;
    next.bytes = std::min(end + 1, text_.size());
  }
  return next;
}

void LineReader::AddBatch() {
  const Lines next = NextLines();
  const int64_t now_ns = Nanoseconds(CLOCK_REALTIME);
  BatchInfo info;
  info.origin = origin_;
  info.topic = partition_.topic;
  info.epoch = epoch_;
  // Empty lines before it, of no batch, belong to it.
  info.first_offset = window_.With([&](Ledger& ledger) { return ledger.next_offset(partition_); });
  info.next_offset = next_line_ + next.lines;
  info.ack_endpoint = acks_.endpoint();
  info.read_time_ns = now_ns;
  info.earliest_timestamp_ms = now_ns / 1'000'000;
  FrameBuilder builder(info, next.records, next.bytes);
  std::string_view rest(text_.data(), next.bytes);
  for (int64_t line = next_line_; !rest.empty(); ++line) {
    RecordView record;
    record.value = rest.substr(0, rest.find('\n'));
    record.offset = line;
    record.timestamp_ms = info.earliest_timestamp_ms;
    record.timestamp_type = TimestampType::kCreateTime;
    rest.remove_prefix(std::min(record.value->size() + 1, rest.size()));
    if (!record.value->empty()) builder.Add(record);
  }
  text_.erase(0, next.bytes);
  next_line_ += next.lines;
  if (next.records == 0) return;
  taken_ += next.records;
  Frame frame = builder.Finish();
  records_.Add(frame.record_count());
  bytes_.Add(frame.bytes().size());
  batches_.Add(1);
  window_.With([&](Ledger& ledger) { ledger.Add(partition_, std::move(frame)); });
  window_.Changed();
}

bool LineReader::Stopping() const {
  return stage_.signals.draining() || (ended_ && text_.empty()) ||
         (options_.count && taken_ >= *options_.count);
}

bool LineReader::Finished() {
  return Stopping() && window_.With([](Ledger& ledger) { return ledger.Idle(); });
}

}  // namespace rk
