#include "lib/kafka/producer.h"

#include <utility>

#include <fmt/format.h>

#include "lib/kafka/rdkafka_producer_client.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int64_t kKafkasMaxMessageBytes = 1'048'588;
constexpr milliseconds kWhileRecovering{5};
constexpr milliseconds kUsually{1'000};
// As librdkafka refreshes its metadata (topic.metadata.refresh.interval.ms).
constexpr seconds kBetweenTicks{300};
constexpr int kPartitionCountTimeoutMs = 100;
constexpr int kTopicIsThereTries = 10;
constexpr int kTopicIsThereMs = 500;

// A client that ends with a rejected record, or with records that are sent again, is our everyday
// way, not what a person need know.
Log WithoutRejections(Log log) {
  return [log = std::move(log)](LogLevel level, std::string_view text) {
    const bool expected = text.find("gap-less guarantee") != std::string_view::npos ||
                          text.find("Producer terminating with") != std::string_view::npos;
    log(expected ? LogLevel::kDebug : level, text);
  };
}

ProducerClientFactory RdkafkaClients(const Producer::Options& options, Log log) {
  // Clients keep a pointer to it.
  const auto shared_log = std::make_shared<const Log>(WithoutRejections(std::move(log)));
  return [options, shared_log](AfterRejection after_rejection, int event_fd) {
    return std::make_unique<RdkafkaProducerClient>(
        MakeProducerConf(options.client, options.max_batch_bytes.value_or(kKafkasMaxMessageBytes),
                         after_rejection),
        options.output.name, options.dead_letters.name, event_fd, shared_log.get());
  };
}

void CheckMayTryAgain(const std::string& topic, const DeliveryError& error) {
  if (error.kind != ErrorKind::kMissing && error.kind != ErrorKind::kNotAuthorised &&
      error.kind != ErrorKind::kConfiguration) {
    return;
  }
  const bool gone = error.kind == ErrorKind::kMissing;
  throw Error(error.kind, "cannot write to topic " + topic + ": " + error.text +
                              (gone ? " (it was there at the start: was it deleted?)" : ""));
}

}  // namespace

void CheckProducerSettings(const ClientSettings& settings) {
  MakeProducerConf(settings, kKafkasMaxMessageBytes, AfterRejection::kStop);
}

Producer::Producer(const Options& options, FailureTally& failures, const Log& log)
    : Producer(options, RdkafkaClients(options, log), failures, log) {}

Producer::Producer(Options options, ProducerClientFactory make_client, FailureTally& failures,
                   Log log)
    : options_(std::move(options)),
      log_(std::move(log)),
      make_client_(std::move(make_client)),
      failures_(failures),
      router_(options_.placement, options_.client.Find("partitioner").value_or("murmur2_random")),
      next_tick_(Clock::now() + kBetweenTicks) {
  router_.GrowTo(Destination::kOutput, options_.output.partitions);
  router_.GrowTo(Destination::kDeadLetters, options_.dead_letters.partitions);
  Start(pipelined_, AfterRejection::kStop);
}

void Producer::Start(std::unique_ptr<ProducerClient>& client, AfterRejection after_rejection) {
  client.reset();
  client = make_client_(after_rejection, wakeup_.fd());
  stored_before_ = totals_.stored();
  // Asked so early, the client gets its producer id as soon as it is connected, and not with a
  // timer half a second later.
  CountPartitions(*client);
}

void Producer::CountPartitions(ProducerClient& client) {
  for (const Destination destination : {Destination::kOutput, Destination::kDeadLetters}) {
    router_.GrowTo(destination, client.PartitionCount(destination, kPartitionCountTimeoutMs),
                   recovering_);
  }
}

// The clients asked about a topic that was not there, and must ask again before they take a record.
void Producer::MakeDeadLetterTopic() {
  router_.GrowTo(Destination::kDeadLetters, options_.make_dead_letters(), recovering_);
  for (auto* client : {&pipelined_, &serial_}) {
    for (int i = 0; *client && i < kTopicIsThereTries; ++i) {
      if ((*client)->PartitionCount(Destination::kDeadLetters, kTopicIsThereMs) > 0) break;
    }
  }
}

void Producer::Produce(FramePtr frame) {
  if (batches_.empty()) last_progress_ = Clock::now();
  const std::optional<int32_t> placed = PlacedIn(frame->info());
  ProducedBatch& batch = batches_.Add(std::move(frame));
  router_.StartBatch();
  const size_t count = batch.frame->record_count();
  for (size_t i = 0; i < count; ++i) {
    switch (batch.frame->record(i).state) {
      case RecordState::kOk:
        WarnOfCircle(batch.frame->info(), Destination::kOutput);
        Enqueue(batch.records[i], Destination::kOutput, placed);
        break;
      case RecordState::kFailed:
        WarnOfCircle(batch.frame->info(), Destination::kDeadLetters);
        failures_.Add(batch.frame->info(), batch.frame->record(i), batch.frame->record(i).failure);
        Enqueue(batch.records[i], Destination::kDeadLetters, std::nullopt);
        break;
      case RecordState::kFiltered:
        batches_.Done(batch);
        break;
    }
  }
  batches_.Done(batch);
}

// A topic of that name on other brokers is another topic.
void Producer::WarnOfCircle(const BatchInfo& batch, Destination destination) {
  if (circle_warned_) return;
  const bool output = destination == Destination::kOutput;
  const std::string& topic = output ? options_.output.name : options_.dead_letters.name;
  if (batch.topic != topic || batch.cluster_id != options_.cluster_id) return;
  circle_warned_ = true;
  log_(LogLevel::kWarning,
       fmt::format("{} are written to the topic that they were read from, and may go round for "
                   "ever: read or write another topic={}",
                   output ? "records" : "failed records", topic));
}

std::optional<int32_t> Producer::PlacedIn(const BatchInfo& batch) {
  const std::optional<int32_t> placed = router_.PlacedIn(batch);
  if (!placed || *placed < router_.partitions(Destination::kOutput)) return placed;
  CountPartitions(*pipelined_);
  const int32_t count = router_.partitions(Destination::kOutput);
  if (*placed < count) return placed;
  throw Error(ErrorKind::kConfiguration, "topic " + options_.output.name + " has no partition " +
                                             std::to_string(*placed) + ", it has " +
                                             std::to_string(count) +
                                             " (add partitions, or use --partition key)");
}

void Producer::Enqueue(QueuedRecord& record, Destination destination,
                       std::optional<int32_t> placed) {
  if (router_.partitions(destination) == 0) MakeDeadLetterTopic();
  record.destination = destination;
  record.queue = &router_.QueueFor(destination, record.batch->record(record).key, placed);
  if (record.queue->Push(&record)) Send(record);
}

void Producer::Send(QueuedRecord& record) {
  ProducerClient& client = record.queue->sent_serially() ? *serial_ : *pipelined_;
  ++in_flight_;
  const auto error = client.Send(RecordToSend(record).outgoing(), record);
  if (!error) return;
  if (!error->lies_in_record()) return OnNotStored(record, *error);
  // A client that itself rejects a record goes on.
  --in_flight_;
  record.queue->OnWithdrawn();
  RouteToDeadLetter(record, *error);
}

void Producer::SendWaiting(OutputPartitionQueue& queue) {
  while (QueuedRecord* record = queue.Pop()) Send(*record);
}

std::vector<Producer::FramePtr> Producer::Serve() {
  wakeup_.Clear();
  const uint64_t stored = totals_.stored();
  pipelined_->Poll(*this);
  if (serial_) serial_->Poll(*this);
  if (totals_.stored() > stored) {
    last_progress_ = Clock::now();
    pipelined_->ForgetErrors();
  }
  if (recovering_) Recover();
  if (Clock::now() >= next_tick_) OnTick();
  return batches_.TakeDone();
}

void Producer::OnStored(QueuedRecord& record, size_t value_bytes) {
  --in_flight_;
  if (record.destination == Destination::kOutput) {
    ++totals_.records;
    totals_.bytes += value_bytes;
  } else {
    ++totals_.dead_letters;
    // What was read from Kafka is there still, and the dead letter says where.
    const bool only_copy = record.batch->frame->info().cluster_id.empty();
    if (record.without_value && only_copy) ++totals_.lost;
  }
  OutputPartitionQueue& queue = *record.queue;
  queue.OnStored(record);
  batches_.Done(*record.batch);
  SendWaiting(queue);
}

void Producer::OnNotStored(QueuedRecord& record, const DeliveryError& error) {
  --in_flight_;
  OutputPartitionQueue& queue = *record.queue;
  if (!error.lies_in_record()) {
    const bool to_output = record.destination == Destination::kOutput;
    CheckMayTryAgain(to_output ? options_.output.name : options_.dead_letters.name, error);
    BeginRecovery();
    return queue.OnReturned(&record);
  }
  const bool was_alone = queue.exclusive();
  if (!queue.sent_serially()) BeginRecovery();
  if (was_alone) {
    queue.OnRejected(record);
    RouteToDeadLetter(record, error);
  } else {
    queue.OnSuspected(record);
    queue.OnReturned(&record);
  }
  SendWaiting(queue);
}

/// The record is rejected, and it alone: to the dead letters, or there again with less of it.
void Producer::RouteToDeadLetter(QueuedRecord& record, const DeliveryError& error) {
  const ProducedBatch& batch = *record.batch;
  if (const auto* why = BecomeDeadLetter(record, error, options_.dead_letters.name, log_)) {
    failures_.Add(batch.frame->info(), batch.record(record), {"rk-write", why->code, why->message});
  }
  Enqueue(record, Destination::kDeadLetters, std::nullopt);
}

void Producer::OnFatal(const ProducerClient& client, const FatalError& error) {
  if (!error.rejected) {
    // A client that ended before anything was stored would end so again.
    if (totals_.stored() == stored_before_) {
      const bool not_authorised = error.kind == ErrorKind::kNotAuthorised;
      throw Error(not_authorised ? ErrorKind::kNotAuthorised : ErrorKind::kTryAgain,
                  "the producer cannot continue: " + error.text);
    }
    log_(LogLevel::kWarning,
         "restarting the producer, which may store records twice: " + error.text);
    serial_ended_ = &client == serial_.get();
  }
  BeginRecovery();
}

void Producer::BeginRecovery() {
  if (std::exchange(recovering_, true)) return;
  router_.ForEachQueue([](OutputPartitionQueue& queue) { queue.Hold(); });
}

/// Requests behind the rejected one come back into the library's queue, being out of sequence: so
/// purging goes on until nothing is in flight.
void Producer::Recover() {
  pipelined_->Purge();
  if (serial_) serial_->Purge();
  if (in_flight_ > 0) return;
  if (!serial_ || std::exchange(serial_ended_, false)) Start(serial_, AfterRejection::kContinue);
  Start(pipelined_, AfterRejection::kStop);
  recovering_ = false;
  router_.ForEachQueue([](OutputPartitionQueue& queue) { queue.Restart(); });
  router_.ForEachQueue([this](OutputPartitionQueue& queue) { SendWaiting(queue); });
}

std::vector<Producer::FramePtr> Producer::Abandon() {
  serial_.reset();
  pipelined_.reset();  // before the batches go, whose values they borrow
  std::vector<FramePtr> frames = batches_.Abandon();
  router_.ForEachQueue([](OutputPartitionQueue& queue) { queue.Clear(); });
  in_flight_ = 0;
  recovering_ = serial_ended_ = false;
  Start(pipelined_, AfterRejection::kStop);
  return frames;
}

void Producer::OnTick() {
  next_tick_ = Clock::now() + kBetweenTicks;
  CountPartitions(*pipelined_);
  router_.ForEachQueue([](OutputPartitionQueue& queue) { queue.ForgetIfIdle(); });
}

milliseconds Producer::poll_timeout() const { return recovering_ ? kWhileRecovering : kUsually; }

Producer::Clock::duration Producer::stalled(Clock::time_point now) const {
  return batches_.empty() ? Clock::duration::zero() : now - last_progress_;
}

Error Producer::StallError() const {
  return pipelined_->LastError("nothing could be written to topic " + options_.output.name +
                               " for too long");
}

}  // namespace rk
