#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "lib/batch/delivery_sink.h"
#include "lib/batch/failure_tally.h"
#include "lib/batch/transactional_sink.h"
#include "lib/batch/writer_order.h"
#include "lib/link/source.h"
#include "lib/stage/tool.h"
#include "lib/write/acknowledger.h"
#include "lib/write/failure_limit.h"
#include "lib/write/freeze_watch.h"
#include "lib/write/poller.h"
#include "lib/write/writer_metrics.h"

namespace rk {

struct WriterOptions {
  /// False lets a batch that overtook an earlier one go at once.
  bool ordered = true;
  /// How long nothing may be stored while something is outstanding; nullopt: for ever.
  std::optional<std::chrono::seconds> give_up_after = std::chrono::seconds(60);
  /// How many records may fail.
  std::optional<FailureLimit> max_failed;
  std::shared_ptr<const KeyFolder> keys;  ///< for readers on tcp://
};

/// rk-write: frames → Kafka, in order, none twice, each acknowledged when all of it is stored, or
/// committed by a TransactionalSink (docs/architecture.md, The writer, Exactly once). One thread
/// and one poll(2) over the source, the sink and the acknowledgement channel. Used by one thread.
class Writer {
 public:
  /// All must outlive it.
  Writer(const WriterOptions& options, Source& source, DeliverySink& sink, FailureTally& failures,
         Stage& stage, Poller& poller);

  /// Writes until END has come, or a drain has ended what comes, and everything that may be is
  /// stored and acknowledged. If the input breaks before that (Error of the source), what came is
  /// finished first, within the drain time-out. Throws Error(kBadData) if at END batches are still
  /// held back, if something is stored nowhere, or once more has failed than may; what DeliverySink
  /// throws, and its StallError() when it gives up.
  void Run();

 private:
  using Clock = Poller::Clock;
  using FramePtr = WriterOrder::FramePtr;

  bool input_over() const { return source_.ended() || stopped_ != nullptr; }
  bool may_receive() const;
  /// False if nothing was there.
  bool Receive();
  std::optional<Frame> NextFrame();
  void Take(Frame frame);
  void FinishOutstanding();
  /// Everything but receiving, once.
  void Serve();
  void Wait();
  /// They are done, and the source may forget them.
  void Acknowledge(const std::vector<FramePtr>& frames);
  /// The source may forget them.
  void LetGo(const std::vector<FramePtr>& frames);
  void OnTick();
  /// What the readers said.
  void Listen();
  void OnFence(const Acknowledger::Told& told);
  void CheckReader(const BatchInfo& batch);
  /// What the transactions have to say to the readers, and what they let go.
  void ServeTransactions();
  void ForgetDeadReaders();
  /// Whatever is not stored yet is dropped, and requested again from the readers.
  void RequestReplay(std::chrono::nanoseconds silence);

  WriterOptions options_;
  Source& source_;
  DeliverySink& sink_;
  TransactionalSink* transactions_;  ///< the same, if it commits exactly once
  FailureTally& failures_;
  Stage& stage_;
  Poller& poller_;
  Acknowledger acknowledger_;
  WriterOrder order_;
  WriterMetrics metrics_;
  /// What the sink has, and since when.
  std::unordered_map<const Frame*, Clock::time_point> producing_;
  FreezeWatch freeze_watch_;
  bool leaving_ = false;        ///< asked the source for no more
  std::exception_ptr stopped_;  ///< why nothing more is received: what the source threw
  Clock::time_point next_tick_;
};

}  // namespace rk
