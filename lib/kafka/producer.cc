#include "lib/kafka/producer.h"

#include <array>
#include <deque>
#include <list>
#include <utility>

#include "lib/base/event_fd.h"
#include "lib/kafka/producer_client.h"
#include "lib/kafka/producer_lane.h"
#include "lib/kafka/producer_partitioner.h"
#include "lib/kafka/producer_record.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int64_t kKafkasMaxMessageBytes = 1'048'588;
constexpr milliseconds kWhileRecovering{5};
constexpr milliseconds kUsually{1'000};
// As librdkafka refreshes its metadata (topic.metadata.refresh.interval.ms).
constexpr seconds kBetweenHousekeeping{300};
constexpr int kPartitionCountTimeoutMs = 100;

/// A topic that is written to, with a lane for each of its partitions.
struct Target {
  TargetTopic topic;
  std::deque<Lane> lanes;  ///< grows; lanes never move

  void GrowTo(int32_t partitions) {
    while (static_cast<int32_t>(lanes.size()) < partitions) {
      lanes.emplace_back(static_cast<int32_t>(lanes.size()));
    }
  }
};

// A client that ends with a refused record is our everyday way, not what a person need know.
Log WithoutRefusals(Log log) {
  return [log = std::move(log)](LogLevel level, std::string_view text) {
    const bool expected = text.find("gap-less guarantee") != std::string_view::npos;
    log(expected ? LogLevel::kDebug : level, text);
  };
}

}  // namespace

/// Two clients share the work. The swift one has many records in flight; when the brokers refuse
/// one for good it stores nothing more, so that nothing overtakes, and is replaced (Recover()).
/// The careful one is sent records one by one, which is how a lane goes on after a refusal, and a
/// refusal does it no harm.
class Producer::Impl {
 public:
  Impl(Options options, Log log)
      : options_(std::move(options)),
        log_(WithoutRefusals(std::move(log))),
        partitioner_(options_.client.Find("partitioner").value_or("murmur2_random")) {
    target(Destination::kOutput).topic = options_.output;
    target(Destination::kDeadLetters).topic = options_.dead_letters;
    for (Target& each : targets_) each.GrowTo(each.topic.partitions);
    Start(swift_, AfterRefusal::kEnd);
  }

  void Produce(FramePtr frame) {
    const size_t count = frame->record_count();
    if (batches_.empty()) last_progress_ = Clock::now();
    ProducedBatch& batch = batches_.emplace_front();
    batch.self = batches_.begin();
    batch.frame = std::move(frame);
    outstanding_bytes_ += batch.frame->bytes().size();
    batch.slots = std::make_unique<Slot[]>(count);
    // One more than there are records, so that the batch is not done before all were looked at.
    batch.remaining = count + 1;
    partitioner_.StartBatch();
    for (size_t i = 0; i < count; ++i) {
      Slot& slot = batch.slots[i];
      slot.batch = &batch;
      slot.order = next_order_++;
      slot.index = static_cast<uint32_t>(i);
      const RecordView record = batch.record(slot);
      if (record.state == RecordState::kFiltered) {
        --batch.remaining;
      } else {
        Enter(slot, record.state == RecordState::kFailed);
      }
    }
    Finish(batch);
  }

  std::vector<FramePtr> Serve() {
    wakeup_.Clear();
    const uint64_t stored = Stored();
    for (auto* client : {&swift_, &careful_}) {
      if (!*client) continue;
      while (EventPtr event = (*client)->Poll()) Handle(**client, event.get());
    }
    if (Stored() > stored) {
      last_progress_ = Clock::now();
      complaint_.Clear();
    }
    if (recovering_) Recover();
    if (Clock::now() >= next_housekeeping_) KeepHouse();
    return std::exchange(done_, {});
  }

  int fd() const { return wakeup_.fd(); }
  milliseconds poll_timeout() const { return recovering_ ? kWhileRecovering : kUsually; }
  size_t outstanding() const { return batches_.size(); }
  size_t outstanding_bytes() const { return outstanding_bytes_; }
  const Totals& totals() const { return totals_; }

  Clock::duration stalled(Clock::time_point now) const {
    return batches_.empty() ? Clock::duration::zero() : now - last_progress_;
  }

  Error StallError() const {
    return complaint_.MakeError("nothing could be written to topic " + options_.output.name +
                                " for too long");
  }

 private:
  enum class RefusedBy { kClient, kBrokers };

  Target& target(Destination destination) { return targets_[static_cast<size_t>(destination)]; }
  uint64_t Stored() const { return totals_.records + totals_.dead_letters; }

  void Start(std::unique_ptr<ProducerClient>& client, AfterRefusal after_refusal) {
    client.reset();
    client = std::make_unique<ProducerClient>(
        MakeProducerConf(options_.client, options_.max_batch_bytes.value_or(kKafkasMaxMessageBytes),
                         after_refusal),
        options_.output.name, options_.dead_letters.name, wakeup_.fd(), &log_);
    stored_before_ = Stored();
    // Asked so early, the client gets its producer id as soon as it is connected, and not with a
    // timer half a second later.
    CountPartitions(*client);
  }

  void CountPartitions(const ProducerClient& client) {
    for (const Destination destination : {Destination::kOutput, Destination::kDeadLetters}) {
      target(destination).GrowTo(client.PartitionCount(destination, kPartitionCountTimeoutMs));
    }
  }

  void KeepHouse() {
    next_housekeeping_ = Clock::now() + kBetweenHousekeeping;
    CountPartitions(*swift_);
    for (Target& each : targets_) {
      for (Lane& lane : each.lanes) lane.ForgetIfIdle();
    }
  }

  void Enter(Slot& slot, bool dead_letter) {
    slot.destination = dead_letter ? Destination::kDeadLetters : Destination::kOutput;
    std::deque<Lane>& lanes = target(slot.destination).lanes;
    const auto count = static_cast<int32_t>(lanes.size());
    slot.lane = &lanes[dead_letter || options_.placement.by == Placement::By::kKey
                           ? partitioner_.Choose(slot.batch->record(slot).key, count)
                           : Placed(slot.batch->frame->info())];
    if (slot.lane->Enter(&slot)) Send(slot);
  }

  size_t Placed(const BatchInfo& info) {
    const bool same = options_.placement.by == Placement::By::kSame;
    const int32_t number = same ? info.partition : options_.placement.fixed;
    Target& output = target(Destination::kOutput);
    if (number >= static_cast<int32_t>(output.lanes.size())) CountPartitions(*swift_);
    const size_t count = output.lanes.size();
    if (number < static_cast<int32_t>(count)) return static_cast<size_t>(number);
    throw Error(ErrorKind::kConfiguration, "topic " + output.topic.name + " has no partition " +
                                               std::to_string(number) + ", it has " +
                                               std::to_string(count) +
                                               " (add partitions, or use --partition key)");
  }

  void Send(Slot& slot) {
    ProducerClient& client = slot.lane->sent_carefully() ? *careful_ : *swift_;
    const OutgoingRecord record =
        slot.destination == Destination::kOutput ? OutputOf(slot) : DeadLetterOf(slot);
    ++in_flight_;
    const auto error = client.Send(slot.destination, slot.lane->partition(), record, &slot);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) HandleFailure(slot, error, RefusedBy::kClient);
  }

  void GoOn(Lane& lane) {
    while (Slot* slot = lane.Next()) Send(*slot);
  }

  void Finish(ProducedBatch& batch) {
    if (--batch.remaining > 0) return;
    outstanding_bytes_ -= batch.frame->bytes().size();
    done_.push_back(std::move(batch.frame));
    batches_.erase(batch.self);
  }

  void Handle(const ProducerClient& client, rd_kafka_event_t* event) {
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
      std::array<const rd_kafka_message_t*, 256> messages;
      while (const size_t count =
                 rd_kafka_event_message_array(event, messages.data(), messages.size())) {
        for (size_t i = 0; i < count; ++i) HandleReport(*messages[i]);
      }
    } else if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__FATAL) {
      HandleFatal(client);
    } else {
      complaint_.Note(event);
    }
  }

  void HandleReport(const rd_kafka_message_t& message) {
    Slot& slot = *static_cast<Slot*>(message._private);
    Lane& lane = *slot.lane;
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      // Its rd_kafka_message_produce_errstr() points to freed memory in librdkafka 2.12.
      HandleFailure(slot, message.err, RefusedBy::kBrokers);
      return GoOn(lane);
    }
    --in_flight_;
    if (slot.destination == Destination::kOutput) {
      ++totals_.records;
      totals_.bytes += message.len;
    } else {
      ++totals_.dead_letters;
    }
    lane.Stored(slot);
    Finish(*slot.batch);
    GoOn(lane);
  }

  /// `slot` was sent and is not stored. A client that itself refuses a record goes on.
  void HandleFailure(Slot& slot, rd_kafka_resp_err_t error, RefusedBy by) {
    --in_flight_;
    Lane& lane = *slot.lane;
    if (!LiesInRecord(error)) {
      CheckMayTryAgain(slot, error);
      BeginRecovery();
      return lane.Returned(&slot);
    }
    if (by == RefusedBy::kClient) {
      lane.Withdrawn();
      return Bury(slot, error);
    }
    const bool was_alone = lane.exclusive();
    if (!lane.sent_carefully()) BeginRecovery();
    if (was_alone) {
      lane.Refused(slot);
      return Bury(slot, error);
    }
    lane.Suspect(slot);
    lane.Returned(&slot);
  }

  void CheckMayTryAgain(const Slot& slot, rd_kafka_resp_err_t error) {
    const ErrorKind kind = KindOf(error);
    if (kind == ErrorKind::kMissing || kind == ErrorKind::kNotAuthorised ||
        kind == ErrorKind::kConfiguration) {
      const bool gone = kind == ErrorKind::kMissing;
      throw Error(kind, "cannot write to topic " + target(slot.destination).topic.name + ": " +
                            rd_kafka_err2str(error) +
                            (gone ? " (it was there at the start: was it deleted?)" : ""));
    }
  }

  /// The record is refused, and it alone: to the dead letters, or there again with less of it.
  void Bury(Slot& slot, rd_kafka_resp_err_t error) {
    Refusal refusal = MakeRefusal(error, slot.batch->record(slot));
    const std::string what = slot.batch->Where(slot) + ": " + refusal.message;
    if (slot.destination == Destination::kOutput) {
      log_(LogLevel::kDebug, "to the dead letters: " + what);
      slot.batch->refusals.emplace(slot.index, std::move(refusal));
    } else if (IsTooLarge(error) && !slot.without_value) {
      slot.without_value = true;
    } else if (error == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP && !slot.without_timestamp) {
      slot.without_timestamp = true;
    } else {
      throw Error(ErrorKind::kConfiguration,
                  "the dead-letter topic " + options_.dead_letters.name + " refuses " + what +
                      " (change its configuration, or name another with --dead-letter)");
    }
    Enter(slot, true);
  }

  void HandleFatal(const ProducerClient& client) {
    const auto [error, text] = client.FatalError();
    if (error != RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE) {
      // A client that ended before anything was stored would end so again.
      if (Stored() == stored_before_) {
        const bool refused = KindOf(error) == ErrorKind::kNotAuthorised;
        throw Error(refused ? ErrorKind::kNotAuthorised : ErrorKind::kTryAgain,
                    "the producer cannot continue: " + text);
      }
      log_(LogLevel::kWarning, "restarting the producer, which may store records twice: " + text);
      careful_ended_ = &client == careful_.get();
    }
    BeginRecovery();
  }

  void BeginRecovery() {
    if (std::exchange(recovering_, true)) return;
    for (Target& each : targets_) {
      for (Lane& lane : each.lanes) lane.Hold();
    }
  }

  /// Requests behind the refused one come back into the library's queue, being out of sequence: so
  /// purging goes on until nothing is in flight.
  void Recover() {
    for (auto* client : {&swift_, &careful_}) {
      if (*client) (*client)->Purge();
    }
    if (in_flight_ > 0) return;
    if (!careful_ || std::exchange(careful_ended_, false)) Start(careful_, AfterRefusal::kGoOn);
    Start(swift_, AfterRefusal::kEnd);
    recovering_ = false;
    for (Target& each : targets_) {
      for (Lane& lane : each.lanes) lane.Restart();
    }
    for (Target& each : targets_) {
      for (Lane& lane : each.lanes) GoOn(lane);
    }
  }

  Options options_;
  Log log_;
  Partitioner partitioner_;
  EventFd wakeup_;
  std::array<Target, 2> targets_;  ///< by Destination
  std::list<ProducedBatch> batches_;
  // After the batches, whose values they borrow.
  std::unique_ptr<ProducerClient> swift_;
  std::unique_ptr<ProducerClient> careful_;  ///< from the first refusal on
  uint64_t next_order_ = 0;
  size_t outstanding_bytes_ = 0;
  size_t in_flight_ = 0;  ///< records that a client has
  bool recovering_ = false;
  bool careful_ended_ = false;
  std::vector<FramePtr> done_;
  Clock::time_point last_progress_;
  Clock::time_point next_housekeeping_ = Clock::now() + kBetweenHousekeeping;
  Complaint complaint_;
  Totals totals_;
  uint64_t stored_before_ = 0;  ///< records, when the last client started
};

void CheckProducerSettings(const ClientSettings& settings) {
  MakeProducerConf(settings, kKafkasMaxMessageBytes, AfterRefusal::kEnd);
}

Producer::Producer(Options options, Log log)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(log))) {}

Producer::~Producer() = default;

void Producer::Produce(FramePtr frame) { impl_->Produce(std::move(frame)); }

std::vector<Producer::FramePtr> Producer::Serve() { return impl_->Serve(); }

int Producer::fd() const { return impl_->fd(); }

milliseconds Producer::poll_timeout() const { return impl_->poll_timeout(); }

size_t Producer::outstanding() const { return impl_->outstanding(); }

size_t Producer::outstanding_bytes() const { return impl_->outstanding_bytes(); }

Producer::Clock::duration Producer::stalled(Clock::time_point now) const {
  return impl_->stalled(now);
}

Error Producer::StallError() const { return impl_->StallError(); }

const Producer::Totals& Producer::totals() const { return impl_->totals(); }

}  // namespace rk
