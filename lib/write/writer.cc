#include "lib/write/writer.h"

#include <poll.h>

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/failpoint.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Between two looks at the delivery reports.
constexpr int kFramesPerRound = 8;
// With more under way the brokers get nothing faster. What is too much for them waits before the
// writer instead, where it is seen; a stream from a file has no window to end it either.
constexpr size_t kMaxOutstandingBytes = size_t{8} << 20;
// Nobody behind a pipe waits for an acknowledgement: the reader commits once a second. Where
// records come one by one, being woken by each delivery report and waking the reader for it was
// most of what both ends did. On a link somebody waits: a frame that is done is a credit.
constexpr milliseconds kBetweenAcks{5};
constexpr seconds kBetweenHousekeeping{1};
constexpr minutes kForgetReaderAfter{10};  // as WriterOrder::Expire() does with partitions

bool SamePartition(const AckMessage& message, const BatchInfo& info) {
  return message.epoch == info.epoch && message.partition.partition == info.partition &&
         message.partition.topic == info.topic;
}

AckMessage MakeMessage(AckKind kind, const BatchInfo& info) {
  AckMessage message;
  message.kind = kind;
  message.partition = {std::string(info.topic), info.partition};
  message.epoch = info.epoch;
  return message;
}

}  // namespace

Writer::Writer(const WriterOptions& options, Source& source, Outlet& outlet, Stage& stage)
    : options_(options),
      source_(source),
      outlet_(outlet),
      stage_(stage),
      acks_(stage.log),
      order_(options.ordered),
      records_in_(stage.metrics.Counter("records_in")),
      records_out_(stage.metrics.Counter("records_out")),
      dead_letters_(stage.metrics.Counter("dead_letters")),
      bytes_out_(stage.metrics.Counter("bytes_out")),
      acknowledged_(stage.metrics.Counter("acknowledged")),
      batches_in_flight_(stage.metrics.Gauge("batches_in_flight")),
      held_back_(stage.metrics.Gauge("held_back")) {}

void Writer::Run() {
  while (!input_over()) {
    if (stage_.signals.draining() && !std::exchange(leaving_, true)) source_.Leave();
    const bool received = may_receive() && Receive();
    Serve();
    if (!received && !input_over()) Wait();
  }
  FinishOutstanding();
  SendAcks();
  acks_.Close(stage_.drain_timeout);
  if (broken_input_) std::rethrow_exception(broken_input_);
  // On a link whoever fed us sees that we left with them, and has them sent to another writer.
  if (order_.held_back() > 0 && source_.has_end()) {
    throw Error(ErrorKind::kBadData,
                "the input ended, and " + std::to_string(order_.held_back()) +
                    " batches were not written because earlier ones of their partition never came "
                    "(--unordered writes them all the same)");
  }
}

// Whoever feeds us died, but what it sent before that is as good as ever: acknowledged now, it
// need not be written again.
void Writer::FinishOutstanding() {
  const auto deadline =
      broken_input_ ? Clock::now() + stage_.drain_timeout : Clock::time_point::max();
  while (outlet_.outstanding() > 0 && Clock::now() < deadline) {
    Wait();
    Serve();
  }
}

// What is outstanding gets done without any help from the input, and what is held back does not
// count: so an earlier batch that the order waits for always gets through.
bool Writer::may_receive() const {
  return !input_over() && outlet_.outstanding_bytes() < kMaxOutstandingBytes;
}

bool Writer::Receive() {
  for (int i = 0; i < kFramesPerRound; ++i) {
    std::optional<Frame> frame = NextFrame();
    if (!frame) return i > 0;
    Take(std::move(*frame));
  }
  return true;
}

std::optional<Frame> Writer::NextFrame() {
  try {
    return source_.TryReceive();
  } catch (const Error&) {
    broken_input_ = std::current_exception();
    return std::nullopt;
  }
}

void Writer::Take(Frame frame) {
  records_in_.Add(frame.record_count());
  NoteReader(frame.info());
  WriterOrder::Outcome outcome =
      order_.Take(std::make_shared<const Frame>(std::move(frame)), Clock::now());
  for (FramePtr& next : outcome.produce) outlet_.Produce(std::move(next));
  for (const FramePtr& done : outcome.acknowledge) Acknowledge(*done);
  for (const auto* over : {&outcome.acknowledge, &outcome.fenced, &outcome.dropped}) LetGo(*over);
  if (!source_.acknowledged()) return;
  for (const FramePtr& stale : outcome.fenced) {
    const BatchInfo& info = stale->info();
    acks_.Send(std::string(info.ack_endpoint), MakeMessage(AckKind::kFenced, info));
  }
}

void Writer::NoteReader(const BatchInfo& info) {
  auto reader = readers_.find(info.ack_endpoint);
  if (reader == readers_.end()) {
    reader = readers_.emplace(std::string(info.ack_endpoint), Reader{}).first;
  }
  reader->second = {info.origin, Clock::now()};
}

void Writer::Serve() {
  const auto now = Clock::now();
  const std::vector<FramePtr> stored = outlet_.Serve();
  for (const FramePtr& done : stored) {
    order_.Done(*done, now);
    Acknowledge(*done);
  }
  LetGo(stored);
  if (!stored.empty()) Failpoint("stored-not-acknowledged");
  if (now >= next_acks_) SendAcks();
  TakeFences();
  UpdateMetrics();
  if (now >= next_housekeeping_) KeepHouse();
}

// While frames may come from a pipe, delivery reports wait for the next one or for kBetweenAcks.
void Writer::Wait() {
  const bool receives = may_receive();
  const bool lazy = receives && source_.has_end();
  // A descriptor below 0 is one that poll(2) passes by.
  std::array<pollfd, 4> watched{
      pollfd{receives ? source_.fd() : -1, POLLIN, 0}, pollfd{lazy ? -1 : outlet_.fd(), POLLIN, 0},
      pollfd{acks_.fd(), POLLIN, 0}, pollfd{leaving_ ? -1 : stage_.signals.drain_fd(), POLLIN, 0}};
  const bool soon = lazy && (outlet_.outstanding() > 0 || !pending_acks_.empty());
  const milliseconds timeout = soon ? kBetweenAcks : outlet_.poll_timeout();
  if (poll(watched.data(), watched.size(), static_cast<int>(timeout.count())) < 0 &&
      errno != EINTR) {
    throw std::system_error(errno, std::generic_category(), "poll");
  }
}

void Writer::TakeFences() {
  while (const auto incoming = acks_.TryReceive()) {
    const auto reader = readers_.find(incoming->endpoint);
    if (incoming->message.kind != AckKind::kFence || reader == readers_.end()) continue;
    LetGo(
        order_.Fence(reader->second.origin, incoming->message.partition, incoming->message.epoch));
  }
}

void Writer::LetGo(const std::vector<FramePtr>& frames) {
  for (const FramePtr& frame : frames) source_.Done(BatchOf(frame->info()));
}

void Writer::Acknowledge(const Frame& frame) {
  const BatchInfo& info = frame.info();
  if (!source_.acknowledged()) return;
  acknowledged_.Add(1);
  const OffsetRange range{info.first_offset, info.next_offset};
  for (PendingAck& pending : pending_acks_) {
    if (pending.endpoint != info.ack_endpoint || !SamePartition(pending.message, info)) continue;
    OffsetRange& last = pending.message.ranges.back();
    if (last.next == range.first) {
      last.next = range.next;
    } else {
      pending.message.ranges.push_back(range);
    }
    return;
  }
  pending_acks_.push_back({std::string(info.ack_endpoint), MakeMessage(AckKind::kAck, info)});
  pending_acks_.back().message.ranges.push_back(range);
}

void Writer::SendAcks() {
  if (pending_acks_.empty()) return;
  if (source_.has_end()) next_acks_ = Clock::now() + kBetweenAcks;
  for (const PendingAck& pending : pending_acks_) acks_.Send(pending.endpoint, pending.message);
  pending_acks_.clear();
}

void Writer::KeepHouse() {
  const auto now = Clock::now();
  next_housekeeping_ = now + kBetweenHousekeeping;
  if (options_.give_up_after && outlet_.stalled(now) >= *options_.give_up_after) {
    throw outlet_.StallError();
  }
  order_.Expire(now);
  acks_.Expire(now);
  std::erase_if(readers_, [now](const auto& reader) {
    return now - reader.second.seen > kForgetReaderAfter;
  });
}

void Writer::UpdateMetrics() {
  const Outlet::Totals& totals = outlet_.totals();
  records_out_.Set(totals.records);
  dead_letters_.Set(totals.dead_letters);
  bytes_out_.Set(totals.bytes);
  batches_in_flight_.Set(outlet_.outstanding());
  held_back_.Set(order_.held_back());
}

}  // namespace rk
