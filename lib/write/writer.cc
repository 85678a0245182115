#include "lib/write/writer.h"

#include <array>
#include <charconv>
#include <chrono>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/base/failpoint.h"
#include "lib/batch/reader_origin.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Between two looks at the delivery reports.
constexpr int kFramesPerRound = 8;
// With more under way the brokers get nothing faster. What is too much for them waits before the
// writer instead, where it is seen; a stream from a file has no window to end it either.
constexpr size_t kMaxOutstandingBytes = size_t{8} << 20;
// Of transactions one is filled while another is committed, and half a reader's window is enough.
constexpr size_t kMaxTransactionBytes = size_t{32} << 20;
constexpr seconds kBetweenTicks{1};
// Frames that can have waited in a link's or a pipe's buffer while we were not running.
constexpr int kMostThatWaited = 64;

void CheckNothingHeldBack(const WriterOrder& order) {
  if (order.held_back() == 0) return;
  throw Error(ErrorKind::kBadData,
              fmt::format("the input ended, and {} batches were not written because earlier ones "
                          "of their partition never arrived (--unordered writes them anyway)",
                          order.held_back()));
}

void CheckNothingLost(const DeliverySink::Totals& totals, const FailureTally& failures) {
  if (totals.lost == 0) return;
  throw Error(ErrorKind::kBadData,
              fmt::format("{} failed records, or their values, are stored nowhere ({})",
                          totals.lost, failures.Summary()));
}

/// A Grant or a Group.
void Tell(TransactionFlow& flow, const Acknowledger::Told& told) {
  const AckMessage& message = told.message;
  if (message.kind == AckKind::kGroup) {
    flow.OnGroup(told.endpoint,
                 {static_cast<int32_t>(message.epoch), message.names.at(0), message.names.at(1)});
    return;
  }
  if (message.kind != AckKind::kGrant) return;
  uint64_t life = 0;
  const std::string& text = message.names.at(0);
  std::from_chars(text.data(), text.data() + text.size(), life);
  flow.OnGrant({told.endpoint, message.partition, message.epoch}, life, message.names.at(1),
               {message.names.begin() + 2, message.names.end()});
}

}  // namespace

Writer::Writer(const WriterOptions& options, Source& source, DeliverySink& sink,
               FailureTally& failures, Stage& stage, Poller& poller)
    : options_(options),
      source_(source),
      sink_(sink),
      transactions_(sink.transactional()),
      failures_(failures),
      stage_(stage),
      poller_(poller),
      acknowledger_(stage.log, options.keys),
      order_(options.ordered),
      metrics_(stage.metrics) {}

void Writer::Run() {
  while (!input_over()) {
    if (stage_.signals.draining() && !std::exchange(leaving_, true)) source_.Leave();
    const auto silence = freeze_watch_.Look(poller_.SinceBoot());
    if (silence && sink_.shared() && source_.acknowledged()) RequestReplay(*silence);
    const bool received = may_receive() && Receive();
    Serve();
    if (!received && !input_over()) Wait();
  }
  FinishOutstanding();
  acknowledger_.Close(stage_.drain_timeout);
  const uint64_t records = metrics_.records_in.value();
  if (failures_.total() > 0) stage_.log(LogLevel::kWarning, FailedText(failures_, records));
  if (stopped_) std::rethrow_exception(stopped_);
  // On a link whoever fed us sees that we left with them, and has them sent to another writer.
  if (source_.has_end()) CheckNothingHeldBack(order_);
  if (options_.max_failed) options_.max_failed->Check(failures_, records, true);
  CheckNothingLost(sink_.totals(), failures_);
}

// Whoever feeds us died, but what it sent before that is as good as ever: acknowledged now, it
// need not be written again.
void Writer::FinishOutstanding() {
  const auto deadline = stopped_ ? poller_.Now() + stage_.drain_timeout : Clock::time_point::max();
  while (sink_.outstanding() > 0 && poller_.Now() < deadline) {
    Wait();
    Serve();
  }
}

// What is outstanding gets done without any help from the input, and what is held back does not
// count: so an earlier batch that the order waits for always gets through.
bool Writer::may_receive() const {
  const size_t most = transactions_ == nullptr ? kMaxOutstandingBytes : kMaxTransactionBytes;
  return !input_over() && sink_.outstanding_bytes() < most;
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
    stopped_ = std::current_exception();
    return std::nullopt;
  }
}

void Writer::Take(Frame frame) {
  metrics_.records_in.Add(frame.record_count());
  const auto now = poller_.Now();
  CheckReader(frame.info());
  acknowledger_.Heard(frame.info(), now);
  WriterOrder::Outcome outcome = order_.Take(std::make_shared<const Frame>(std::move(frame)), now);
  for (FramePtr& next : outcome.produce) {
    producing_.emplace(next.get(), now);
    sink_.Produce(std::move(next));
  }
  Acknowledge(outcome.acknowledge);
  LetGo(outcome.fenced);
  LetGo(outcome.dropped);
  if (!source_.acknowledged()) return;
  for (const FramePtr& stale : outcome.fenced) acknowledger_.Fenced(stale->info());
}

void Writer::Serve() {
  const auto now = poller_.Now();
  Listen();  // before the sink, which may have waited for just that
  const std::vector<FramePtr> stored = sink_.Serve();
  for (const FramePtr& done : stored) {
    order_.Done(*done, now);
    const auto begun = producing_.extract(done.get());
    if (!begun.empty()) metrics_.batch.Observe(now - begun.mapped());
  }
  Acknowledge(stored);
  if (!stored.empty()) Failpoint("stored-not-acknowledged");
  acknowledger_.Flush(now, source_.has_end() ? Acknowledger::kCompany : milliseconds(0));
  if (transactions_ != nullptr) ServeTransactions();
  metrics_.Update(sink_, order_, failures_);
  if (now >= next_tick_) OnTick();
  if (stopped_ || !options_.max_failed) return;
  try {
    options_.max_failed->Check(failures_, metrics_.records_in.value(), false);
  } catch (const Error&) {
    stopped_ = std::current_exception();
  }
}

void Writer::Listen() {
  while (const auto told = acknowledger_.NextTold()) {
    if (told->message.kind == AckKind::kFence) {
      OnFence(*told);
    } else if (transactions_ != nullptr) {
      Tell(transactions_->flow(), *told);
    }
  }
}

void Writer::OnFence(const Acknowledger::Told& told) {
  const AckMessage& fence = told.message;
  LetGo(order_.Fence(told.origin, fence.partition, fence.epoch));
  if (transactions_ == nullptr) return;
  transactions_->flow().OnFence({told.endpoint, fence.partition, fence.epoch});
}

// Both ends have to be told: one alone would commit too much, or nothing. On a socket the reader
// would wait for another writer.
void Writer::CheckReader(const BatchInfo& batch) {
  const bool commits = transactions_ != nullptr;
  const bool grouped =
      !batch.group.empty() && !batch.ack_endpoint.empty() && source_.acknowledged();
  if (!grouped && !commits) return;
  if (!grouped) {
    throw Error(ErrorKind::kConfiguration,
                "--exactly-once needs records of a consumer group, which these are not: read them "
                "with rk-read --exactly-once -G GROUP");
  }
  if (commits == IsExactlyOnce(batch.origin)) return;
  acknowledger_.Refuse(batch, commits);
  throw Error(ErrorKind::kConfiguration,
              fmt::format("{} needs {}: one of the two has the option and the other has not, so "
                          "nothing was written",
                          commits ? "rk-write --exactly-once" : "rk-read --exactly-once",
                          commits ? "rk-read --exactly-once" : "rk-write --exactly-once"));
}

void Writer::ServeTransactions() {
  TransactionFlow& flow = transactions_->flow();
  const std::string& id = transactions_->transactional_id();
  for (const PartitionClaim& claim : flow.TakeClaims(poller_.Now()))
    acknowledger_.Tell(AckKind::kClaim, claim, {id, std::to_string(flow.life())});
  for (const PartitionClaim& claim : flow.TakeTaken())
    acknowledger_.Tell(AckKind::kTaken, claim, {id});
  const std::vector<FramePtr> dropped = transactions_->TakeDropped();
  for (const FramePtr& frame : dropped) {
    order_.Dropped(*frame);
    producing_.erase(frame.get());
  }
  LetGo(dropped);
  metrics_.Update(*transactions_);
}

// What it sent is committed by whoever has its partitions now.
void Writer::ForgetDeadReaders() {
  for (const std::string& endpoint : transactions_->flow().AwaitedReaders()) {
    if (!acknowledger_.IsAlive(endpoint)) transactions_->flow().OnGone(endpoint);
  }
}

// While frames may come from a pipe, delivery reports wait for the next one or for the
// acknowledgements to be due.
void Writer::Wait() {
  const bool receives = may_receive();
  const bool lazy = receives && source_.has_end() && transactions_ == nullptr;
  // A descriptor below 0 is one that poll(2) passes by.
  std::array<pollfd, 4> watched{pollfd{receives ? source_.fd() : -1, POLLIN, 0},
                                pollfd{lazy ? -1 : sink_.fd(), POLLIN, 0},
                                pollfd{acknowledger_.fd(), POLLIN, 0},
                                pollfd{leaving_ ? -1 : stage_.signals.drain_fd(), POLLIN, 0}};
  const bool soon = lazy && (sink_.outstanding() > 0 || acknowledger_.pending());
  const milliseconds timeout = soon ? Acknowledger::kCompany : sink_.poll_timeout();
  poller_.Wait(watched, timeout);
}

void Writer::Acknowledge(const std::vector<FramePtr>& frames) {
  for (const FramePtr& frame : frames) {
    if (!source_.acknowledged()) break;
    metrics_.acknowledged.Add(1);
    acknowledger_.Acknowledge(frame->info());
  }
  LetGo(frames);
}

void Writer::LetGo(const std::vector<FramePtr>& frames) {
  for (const FramePtr& frame : frames) source_.Done(BatchOf(frame->info()));
}

void Writer::OnTick() {
  const auto now = poller_.Now();
  next_tick_ = now + kBetweenTicks;
  if (options_.give_up_after && sink_.stalled(now) >= *options_.give_up_after) {
    throw sink_.StallError();
  }
  if (transactions_ != nullptr) ForgetDeadReaders();
  order_.Expire(now);
  acknowledger_.Expire(now);
}

// A neighbour took us for dead, and what we hold may have been written by another writer, with what
// came after it. The readers know: what is still needed comes again, in order.
void Writer::RequestReplay(std::chrono::nanoseconds silence) {
  std::vector<FramePtr> dropped = sink_.Abandon();
  Serve();  // what was stored before we froze
  producing_.clear();
  for (FramePtr& held : order_.Abandon()) dropped.push_back(std::move(held));
  for (int i = 0; i < kMostThatWaited && !input_over(); ++i) {
    std::optional<Frame> frame = NextFrame();
    if (!frame) break;
    dropped.push_back(std::make_shared<const Frame>(std::move(*frame)));
  }
  for (const FramePtr& frame : dropped) acknowledger_.Nack(frame->info());
  source_.Abandon();
  stage_.log(LogLevel::kWarning,
             fmt::format("was not running for {:.1f} s: requested replay of what was not stored "
                         "batches={}",
                         std::chrono::duration<double>(silence).count(), dropped.size()));
}

}  // namespace rk
