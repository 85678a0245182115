#include "lib/write/writer.h"

#include <array>
#include <memory>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/failpoint.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Between two looks at the delivery reports.
constexpr int kFramesPerRound = 8;
// With more under way the brokers get nothing faster. What is too much for them waits before the
// writer instead, where it is seen; a stream from a file has no window to end it either.
constexpr size_t kMaxOutstandingBytes = size_t{8} << 20;
constexpr seconds kBetweenTicks{1};

}  // namespace

Writer::Writer(const WriterOptions& options, Source& source, DeliverySink& sink, Stage& stage,
               Poller& poller)
    : options_(options),
      source_(source),
      sink_(sink),
      stage_(stage),
      poller_(poller),
      acknowledger_(stage.log),
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
  acknowledger_.Close(stage_.drain_timeout);
  if (broken_input_) std::rethrow_exception(broken_input_);
  // On a link whoever fed us sees that we left with them, and has them sent to another writer.
  if (order_.held_back() > 0 && source_.has_end()) {
    throw Error(ErrorKind::kBadData,
                "the input ended, and " + std::to_string(order_.held_back()) +
                    " batches were not written because earlier ones of their partition never "
                    "arrived (--unordered writes them anyway)");
  }
}

// Whoever feeds us died, but what it sent before that is as good as ever: acknowledged now, it
// need not be written again.
void Writer::FinishOutstanding() {
  const auto deadline =
      broken_input_ ? poller_.Now() + stage_.drain_timeout : Clock::time_point::max();
  while (sink_.outstanding() > 0 && poller_.Now() < deadline) {
    Wait();
    Serve();
  }
}

// What is outstanding gets done without any help from the input, and what is held back does not
// count: so an earlier batch that the order waits for always gets through.
bool Writer::may_receive() const {
  return !input_over() && sink_.outstanding_bytes() < kMaxOutstandingBytes;
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
  const auto now = poller_.Now();
  acknowledger_.Heard(frame.info(), now);
  WriterOrder::Outcome outcome = order_.Take(std::make_shared<const Frame>(std::move(frame)), now);
  for (FramePtr& next : outcome.produce) sink_.Produce(std::move(next));
  Acknowledge(outcome.acknowledge);
  LetGo(outcome.fenced);
  LetGo(outcome.dropped);
  if (!source_.acknowledged()) return;
  for (const FramePtr& stale : outcome.fenced) acknowledger_.Fenced(stale->info());
}

void Writer::Serve() {
  const auto now = poller_.Now();
  const std::vector<FramePtr> stored = sink_.Serve();
  for (const FramePtr& done : stored) order_.Done(*done, now);
  Acknowledge(stored);
  if (!stored.empty()) Failpoint("stored-not-acknowledged");
  acknowledger_.Flush(now, source_.has_end() ? Acknowledger::kCompany : milliseconds(0));
  while (const auto fence = acknowledger_.NextFence()) {
    LetGo(order_.Fence(fence->origin, fence->partition, fence->epoch));
  }
  UpdateMetrics();
  if (now >= next_tick_) OnTick();
}

// While frames may come from a pipe, delivery reports wait for the next one or for the
// acknowledgements to be due.
void Writer::Wait() {
  const bool receives = may_receive();
  const bool lazy = receives && source_.has_end();
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
    acknowledged_.Add(1);
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
  order_.Expire(now);
  acknowledger_.Expire(now);
}

void Writer::UpdateMetrics() {
  const DeliverySink::Totals& totals = sink_.totals();
  records_out_.Set(totals.records);
  dead_letters_.Set(totals.dead_letters);
  bytes_out_.Set(totals.bytes);
  batches_in_flight_.Set(sink_.outstanding());
  held_back_.Set(order_.held_back());
}

}  // namespace rk
