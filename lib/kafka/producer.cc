#include "lib/kafka/producer.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <list>
#include <map>
#include <utility>

#include "lib/kafka/dead_letter.h"
#include "lib/kafka/producer_client.h"
#include "lib/kafka/producer_lane.h"
#include "lib/kafka/producer_partitioner.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int64_t kKafkasMaxMessageBytes = 1'048'588;
constexpr milliseconds kWhileRecovering{5};
constexpr milliseconds kUsually{1'000};
// As librdkafka refreshes its own (topic.metadata.refresh.interval.ms).
constexpr seconds kBetweenPartitionCounts{300};
constexpr int kPartitionCountTimeoutMs = 100;

/// Why the broker does not take a record.
struct Refusal {
  std::string code;
  std::string message;
};

/// True where sending the record again can never help: it is its own fault.
bool LiesInRecord(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return true;
    default:
      return false;
  }
}

bool IsTooLarge(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
         error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
         error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE;
}

Refusal MakeRefusal(rd_kafka_resp_err_t error, const char* text) {
  std::string message = rd_kafka_err2str(error);
  if (text != nullptr && message != text) message.append(" (").append(text).append(")");
  if (IsTooLarge(error)) return {"record-too-large", message};
  if (error == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP) return {"timestamp-refused", message};
  return {"record-refused", message};
}

int MakeEventFd() {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) throw Error(ErrorKind::kIo, "no file descriptor left for the producer (ulimit -n)");
  return fd;
}

std::string Where(const BatchInfo& info, const RecordView& record) {
  return std::string(info.topic) + "[" + std::to_string(info.partition) + "] offset " +
         std::to_string(record.offset);
}

}  // namespace

/// A frame that was taken, until it is done.
struct ProducedBatch {
  Producer::FramePtr frame;
  std::unique_ptr<Slot[]> slots;
  size_t remaining = 0;
  std::map<uint32_t, Refusal> refusals;  ///< by record; the broker's, not an earlier stage's
  std::list<ProducedBatch>::iterator self;

  RecordView record(const Slot& slot) const { return frame->record(slot.index); }
};

/// A topic in this life of the client, and the lanes to its partitions in all of them.
struct Target {
  TargetTopic topic;
  TopicPtr handle;
  std::deque<Lane> lanes;  ///< grows; lanes never move

  void GrowTo(int32_t partitions) {
    while (static_cast<int32_t>(lanes.size()) < partitions) {
      lanes.emplace_back(static_cast<int32_t>(lanes.size()));
    }
  }
};

class Producer::Impl {
 public:
  Impl(Options options, Log log)
      : options_(std::move(options)),
        log_([log = std::move(log)](LogLevel level, std::string_view text) {
          // A client's life that ends with a refused record is our everyday way, and no warning.
          const bool expected = text.find("gap-less guarantee") != std::string_view::npos;
          log(expected ? LogLevel::kDebug : level, text);
        }),
        partitioner_(options_.client.Find("partitioner").value_or("murmur2_random")),
        fd_(MakeEventFd()) {
    output_.topic = options_.output;
    dead_letters_.topic = options_.dead_letters;
    for (Target* target : {&output_, &dead_letters_}) target->GrowTo(target->topic.partitions);
    try {
      StartClient();
    } catch (...) {
      close(fd_);
      throw;
    }
  }

  ~Impl() {
    StopClient();
    close(fd_);
  }

  void Produce(FramePtr frame) {
    const size_t count = frame->record_count();
    ProducedBatch& batch = batches_.emplace_front();
    batch.self = batches_.begin();
    batch.frame = std::move(frame);
    batch.slots = std::make_unique<Slot[]>(count);
    batch.remaining = count;
    if (batches_.size() == 1) last_progress_ = Clock::now();
    partitioner_.StartBatch();
    for (size_t i = 0; i < count; ++i) {
      Slot& slot = batch.slots[i];
      slot.batch = &batch;
      slot.order = next_order_++;
      slot.index = static_cast<uint32_t>(i);
    }
    // One more than there are records, lest the last filtered one ends the batch under the loop.
    ++batch.remaining;
    for (size_t i = 0; i < count; ++i) Start(batch.slots[i]);
    Finish(batch);
  }

  std::vector<FramePtr> Serve() {
    uint64_t wakeups = 0;
    (void)!read(fd_, &wakeups, sizeof(wakeups));
    const uint64_t stored = totals_.records + totals_.dead_letters;
    while (EventPtr event = client_->Poll()) Handle(event.get());
    if (totals_.records + totals_.dead_letters > stored) NoteProgress();
    if (recovering_) Recover();
    CountPartitions();
    return std::exchange(done_, {});
  }

  int fd() const { return fd_; }
  milliseconds poll_timeout() const { return recovering_ ? kWhileRecovering : kUsually; }
  size_t outstanding() const { return batches_.size(); }
  const Totals& totals() const { return totals_; }

  Clock::duration stalled(Clock::time_point now) const {
    return batches_.empty() ? Clock::duration::zero() : now - last_progress_;
  }

  Error StallError() const {
    return complaint_.MakeError("nothing could be written to topic " + options_.output.name +
                                " for too long");
  }

 private:
  void NoteProgress() {
    last_progress_ = Clock::now();
    complaint_.Clear();
  }

  void StartClient() {
    client_.emplace(options_.client, options_.max_batch_bytes.value_or(kKafkasMaxMessageBytes), fd_,
                    &log_);
    for (Target* target : {&output_, &dead_letters_}) {
      target->handle = client_->MakeTopic(target->topic.name);
    }
    stored_by_others_ = totals_.records + totals_.dead_letters;
  }

  void StopClient() {
    for (Target* target : {&output_, &dead_letters_}) target->handle.reset();
    client_.reset();
  }

  void Start(Slot& slot) {
    const RecordView record = slot.batch->record(slot);
    if (record.state == RecordState::kFiltered) return Finish(*slot.batch);
    Target& target = record.state == RecordState::kFailed ? dead_letters_ : output_;
    Enter(slot, target, record);
  }

  void Enter(Slot& slot, Target& target, const RecordView& record) {
    const auto lane_count = static_cast<int32_t>(target.lanes.size());
    slot.lane = &target.lanes[partitioner_.Choose(record.key, lane_count)];
    if (slot.lane->Enter(&slot)) Send(slot);
  }

  bool IsDeadLetter(const Slot& slot) const {
    return &dead_letters_.lanes[slot.lane->partition()] == slot.lane;
  }

  void Send(Slot& slot) {
    const RecordView record = slot.batch->record(slot);
    OutgoingRecord outgoing{record.key, record.value, record.timestamp_ms, nullptr};
    const bool is_dead_letter = IsDeadLetter(slot);
    if (is_dead_letter) {
      MakeDeadLetter(slot, record, &outgoing);
    } else if (!record.headers.empty()) {
      outgoing.headers = CopyHeaders(record, 0);
    }
    Target& target = is_dead_letter ? dead_letters_ : output_;
    ++in_flight_;
    const auto error =
        client_->Send(target.handle.get(), slot.lane->partition(), outgoing, &slot);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) Fail(slot, error, nullptr);
  }

  static rd_kafka_headers_t* CopyHeaders(const RecordView& record, size_t more) {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(4 + more);
    HeaderReader reader(record.headers);
    for (HeaderView header; reader.Next(&header);) {
      const std::string_view value = header.value.value_or(std::string_view());
      // A null pointer is a null value, which is not an empty one.
      const char* bytes = !header.value ? nullptr : value.data() == nullptr ? "" : value.data();
      rd_kafka_header_add(headers, header.name.data(), static_cast<ssize_t>(header.name.size()),
                          bytes, static_cast<ssize_t>(value.size()));
    }
    return headers;
  }

  void MakeDeadLetter(const Slot& slot, const RecordView& record, OutgoingRecord* outgoing) const {
    FailureView failure = record.failure;
    const auto refusal = slot.batch->refusals.find(slot.index);
    if (refusal != slot.batch->refusals.end()) {
      failure = {"rk-write", refusal->second.code, refusal->second.message};
    }
    auto extra = DeadLetterHeaders(slot.batch->frame->info(), record, failure);
    if (slot.without_value) {
      extra.emplace_back(kValueBytesHeader, std::to_string(record.value.value_or("").size()));
      outgoing->value.reset();
    }
    if (slot.without_timestamp) {
      extra.emplace_back(kTimestampHeader, std::to_string(record.timestamp_ms));
      outgoing->timestamp_ms = 0;
    }
    outgoing->headers = CopyHeaders(record, extra.size());
    for (const auto& [name, value] : extra) {
      rd_kafka_header_add(outgoing->headers, name.data(), static_cast<ssize_t>(name.size()),
                          value.data(), static_cast<ssize_t>(value.size()));
    }
  }

  void Handle(rd_kafka_event_t* event) {
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) {
      std::array<const rd_kafka_message_t*, 256> messages;
      while (const size_t count =
                 rd_kafka_event_message_array(event, messages.data(), messages.size())) {
        for (size_t i = 0; i < count; ++i) Report(*messages[i]);
      }
    } else if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__FATAL) {
      HandleFatal();
    } else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR) {
      complaint_.Note(event);
    }
  }

  void Report(const rd_kafka_message_t& message) {
    Slot& slot = *static_cast<Slot*>(message._private);
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return Fail(slot, message.err, rd_kafka_message_errstr(&message));
    }
    Lane& lane = *slot.lane;
    --in_flight_;
    lane.Arrive(true);
    if (IsDeadLetter(slot)) {
      ++totals_.dead_letters;
    } else {
      ++totals_.records;
      totals_.bytes += message.len;
    }
    Finish(*slot.batch);
    GoOn(lane);
  }

  void Finish(ProducedBatch& batch) {
    if (--batch.remaining > 0) return;
    done_.push_back(std::move(batch.frame));
    batches_.erase(batch.self);
  }

  void GoOn(Lane& lane) {
    while (Slot* slot = lane.Next()) Send(*slot);
  }

  /// `slot` was sent and is not stored.
  void Fail(Slot& slot, rd_kafka_resp_err_t error, const char* text) {
    Lane& lane = *slot.lane;
    const bool was_alone = lane.exclusive();
    --in_flight_;
    lane.Arrive(false);
    if (!LiesInRecord(error)) {
      CheckCanGoOn(slot, error);
      BeginRecovery();
      return lane.Return(&slot);
    }
    // Without a text it is the client that refused, which ends nothing.
    if (text != nullptr) BeginRecovery();
    if (was_alone || text == nullptr) return Bury(slot, error, text);
    slot.alone = true;
    lane.Return(&slot);
  }

  void CheckCanGoOn(const Slot& slot, rd_kafka_resp_err_t error) const {
    switch (KindOf(error)) {
      case ErrorKind::kMissing:
      case ErrorKind::kNotAuthorised:
      case ErrorKind::kConfiguration:
        throw Error(KindOf(error), "cannot write to topic " + TargetOf(slot).topic.name + ": " +
                                       rd_kafka_err2str(error));
      default:
        return;
    }
  }

  const Target& TargetOf(const Slot& slot) const {
    return IsDeadLetter(slot) ? dead_letters_ : output_;
  }

  /// The record is refused, alone: to the dead letters, or there once more with less of it.
  void Bury(Slot& slot, rd_kafka_resp_err_t error, const char* text) {
    const RecordView record = slot.batch->record(slot);
    const Refusal refusal = MakeRefusal(error, text);
    if (!IsDeadLetter(slot)) {
      log_(LogLevel::kDebug, "to the dead letters: " + Where(slot.batch->frame->info(), record) +
                                 ": " + refusal.message);
      slot.batch->refusals.emplace(slot.index, refusal);
    } else if (IsTooLarge(error) && !slot.without_value) {
      slot.without_value = true;
    } else if (error == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP && !slot.without_timestamp) {
      slot.without_timestamp = true;
    } else {
      throw Error(ErrorKind::kConfiguration,
                  "the dead-letter topic " + dead_letters_.topic.name + " refuses the record " +
                      Where(slot.batch->frame->info(), record) + ": " + refusal.message +
                      " (change its configuration, or name another with --dead-letter)");
    }
    slot.alone = false;
    Enter(slot, dead_letters_, record);
  }

  void HandleFatal() {
    std::string text;
    const auto error = client_->FatalError(&text);
    if (error != RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE) {
      // A client that ends before it stored anything would end so again.
      if (totals_.records + totals_.dead_letters == stored_by_others_) {
        const bool refused = KindOf(error) == ErrorKind::kNotAuthorised;
        throw Error(refused ? ErrorKind::kNotAuthorised : ErrorKind::kTryAgain,
                    "the producer cannot go on: " + text);
      }
      log_(LogLevel::kWarning, "the producer starts anew, which may store some records twice: " +
                                   text);
    }
    BeginRecovery();
  }

  void BeginRecovery() {
    if (std::exchange(recovering_, true)) return;
    for (Target* target : {&output_, &dead_letters_}) {
      for (Lane& lane : target->lanes) lane.Hold();
    }
  }

  /// Requests that are behind the refused one come back into the library's queue, out of sequence:
  /// so purging goes on until nothing is in flight.
  void Recover() {
    client_->Purge();
    if (in_flight_ > 0) return;
    StopClient();
    StartClient();
    recovering_ = false;
    for (Target* target : {&output_, &dead_letters_}) {
      for (Lane& lane : target->lanes) lane.Restart();
    }
    for (Target* target : {&output_, &dead_letters_}) {
      for (Lane& lane : target->lanes) GoOn(lane);
    }
  }

  void CountPartitions() {
    const auto now = Clock::now();
    if (now < next_partition_count_ || recovering_) return;
    if (next_partition_count_ != Clock::time_point{}) {
      for (Target* target : {&output_, &dead_letters_}) {
        target->GrowTo(client_->PartitionCount(target->handle.get(), kPartitionCountTimeoutMs));
      }
    }
    next_partition_count_ = now + kBetweenPartitionCounts;
  }

  Options options_;
  Log log_;
  Partitioner partitioner_;
  int fd_;
  Target output_;
  Target dead_letters_;
  std::optional<ProducerClient> client_;
  std::list<ProducedBatch> batches_;
  uint64_t next_order_ = 0;
  size_t in_flight_ = 0;  ///< records the library has
  bool recovering_ = false;
  std::vector<FramePtr> done_;
  Clock::time_point last_progress_;
  Clock::time_point next_partition_count_;
  Complaint complaint_;
  Totals totals_;
  uint64_t stored_by_others_ = 0;  ///< records, when this client began
};

Producer::Producer(Options options, Log log)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(log))) {}

Producer::~Producer() = default;

void Producer::Produce(FramePtr frame) { impl_->Produce(std::move(frame)); }

std::vector<Producer::FramePtr> Producer::Serve() { return impl_->Serve(); }

int Producer::fd() const { return impl_->fd(); }

milliseconds Producer::poll_timeout() const { return impl_->poll_timeout(); }

size_t Producer::outstanding() const { return impl_->outstanding(); }

Producer::Clock::duration Producer::stalled(Clock::time_point now) const {
  return impl_->stalled(now);
}

Error Producer::StallError() const { return impl_->StallError(); }

const Producer::Totals& Producer::totals() const { return impl_->totals(); }

}  // namespace rk
