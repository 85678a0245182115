#include "lib/kafka/transactional_producer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lib/kafka/rdkafka_transaction_client.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using Step = TransactionFlow::Step;
using Outcome = TransactionFlow::Outcome;

constexpr int64_t kKafkasMaxMessageBytes = 1'048'588;
constexpr milliseconds kWhileAborting{5};
constexpr milliseconds kUsually{1'000};
constexpr int kPartitionCountTimeoutMs = 1000;
constexpr int kMostFencedInARow = 5;
constexpr std::chrono::seconds kSoonFencedAgain{10};

// A transaction that is aborted, and an id that changes hands, are told of by us.
Log WithoutTransactions(Log log) {
  return [log = std::move(log)](LogLevel level, std::string_view text) {
    const bool expected = text.find("ransaction") != std::string_view::npos ||
                          text.find("fenced") != std::string_view::npos ||
                          text.find("Producer terminating with") != std::string_view::npos;
    log(expected ? LogLevel::kDebug : level, text);
  };
}

TransactionClientFactory RdkafkaClients(const TransactionalProducer::Options& options, Log log) {
  const auto shared_log = std::make_shared<const Log>(WithoutTransactions(std::move(log)));
  const RdkafkaTransactionClient::Confs confs{
      [topics = options.topics](const std::string& id) {
        return MakeTransactionalConf(topics.client,
                                     topics.max_batch_bytes.value_or(kKafkasMaxMessageBytes), id);
      },
      [client = options.topics.client](const std::string& group) {
        return MakeStoredOffsetsConf(client, group);
      }};
  const RdkafkaTransactionClient::Names names{options.transactional_id, options.topics.output.name,
                                              options.topics.dead_letters.name};
  return [confs, names, shared_log](int event_fd) {
    return std::make_unique<RdkafkaTransactionClient>(confs, names, event_fd, shared_log.get());
  };
}

void CheckMayTryAgain(const std::string& topic, const DeliveryError& error) {
  if (error.kind == ErrorKind::kMissing || error.kind == ErrorKind::kNotAuthorised ||
      error.kind == ErrorKind::kConfiguration) {
    throw Error(error.kind, "cannot write to topic " + topic + ": " + error.text);
  }
}

}  // namespace

TransactionalProducer::TransactionalProducer(const Options& options, FailureTally& failures,
                                             const Log& log)
    : TransactionalProducer(options, RdkafkaClients(options, log), failures, log) {}

TransactionalProducer::TransactionalProducer(const Options& options,
                                             TransactionClientFactory make_client,
                                             FailureTally& failures, Log log)
    : options_(options),
      log_(std::move(log)),
      make_client_(std::move(make_client)),
      failures_(failures),
      router_(options_.topics.placement,
              options_.topics.client.Find("partitioner").value_or("murmur2_random")),
      flow_(options_.transactional_id, options_.commit_interval),
      last_progress_(Clock::now()) {
  router_.GrowTo(Destination::kOutput, options_.topics.output.partitions);
  router_.GrowTo(Destination::kDeadLetters, options_.topics.dead_letters.partitions);
  Advance();  // whoever had the id is fenced at once: a reader may wait for what it left open
}

void TransactionalProducer::Produce(FramePtr frame) {
  CheckCluster(frame->info());
  if (flow_.outstanding() == 0) last_progress_ = Clock::now();
  flow_.Take(std::move(frame), Clock::now());
}

void TransactionalProducer::CheckCluster(const BatchInfo& batch) const {
  const std::string& ours = options_.topics.cluster_id;
  if (batch.cluster_id.empty() || ours.empty() || batch.cluster_id == ours) return;
  throw Error(ErrorKind::kConfiguration,
              fmt::format("--exactly-once commits results and offsets in one transaction, so input "
                          "and output are of one cluster: topic {} is of {}, {} of {}",
                          batch.topic, batch.cluster_id, options_.topics.output.name, ours));
}

std::vector<TransactionalProducer::FramePtr> TransactionalProducer::Serve() {
  wakeup_.Clear();
  client_->records().Poll(*this);
  if (step_ != Step::kNothing) TakeResult();
  if (dead_ && step_ == Step::kNothing) OnLost(dead_fenced_, dead_why_);
  Advance();
  std::vector<FramePtr> done = flow_.TakeDone();
  for (const FramePtr& frame : done) Count(*frame);
  return done;
}

void TransactionalProducer::Advance() {
  while (step_ == Step::kNothing) {
    if (flow_.must_abort() && in_flight_ > 0) client_->records().Purge();
    if (!Take(flow_.Next(Clock::now(), in_flight_))) return;
  }
}

/// False if there is nothing to do.
bool TransactionalProducer::Take(Step step) {
  step_began_ = Clock::now();
  switch (step) {
    case Step::kNothing:
      return false;
    case Step::kBegin:
      Begin();
      return true;
    case Step::kProduce:
      ProduceFrame(flow_.NextFrame());
      return true;
    case Step::kOpen:
      Open();
      break;
    case Step::kTakeOver:
      client_->StartTakeover(flow_.takeover());
      break;
    case Step::kCommit:
      client_->StartCommit(flow_.offsets());
      break;
    case Step::kAbort:
      client_->StartAbort();
      break;
  }
  step_ = step;
  return true;
}

void TransactionalProducer::Open() {
  client_.reset();
  in_flight_ = 0;
  dead_ = false;
  client_ = make_client_(wakeup_.fd());
  client_->StartOpen();
}

void TransactionalProducer::Begin() {
  router_.ForEachQueue([](OutputPartitionQueue& queue) {
    queue.Clear();
    queue.AssumeKnown();
  });
  if (!client_->Begin()) OnLost(false, "no transaction could be begun");
}

void TransactionalProducer::TakeResult() {
  const auto result = client_->TakeResult();
  if (!result) return;
  if (result->fatal) throw Error(*result->fatal);
  const Step step = std::exchange(step_, Step::kNothing);
  if (result->outcome == Outcome::kLost) return OnLost(result->fenced, result->text);
  switch (step) {
    case Step::kOpen:
      return flow_.OnOpened();
    case Step::kTakeOver:
      return flow_.OnTakenOver(result->committed);
    case Step::kAbort:
      ++counts_.aborts;
      return flow_.OnAborted(true);
    default:
      break;
  }
  if (result->outcome == Outcome::kDone) {
    ++counts_.commits;
    fenced_in_a_row_ = 0;
    last_progress_ = Clock::now();
    commit_times_.push_back(last_progress_ - step_began_);
  } else {
    log_(LogLevel::kInfo, "transaction aborted, will be produced again: " + result->text);
  }
  flow_.OnCommitted(result->outcome, result->refused);
}

void TransactionalProducer::OnLost(bool fenced, const std::string& why) {
  ++counts_.aborts;
  dead_ = false;
  if (fenced) OnFenced();
  log_(LogLevel::kInfo, "begins again as a new producer: " + why);
  flow_.OnLost();
}

/// By whoever took a partition of ours over, which is as it should be; or by a writer that has our
/// id as well, which goes on for ever.
void TransactionalProducer::OnFenced() {
  ++counts_.fenced;
  if (++fenced_in_a_row_ > kMostFencedInARow) {
    throw Error(ErrorKind::kTryAgain, "another writer keeps taking the transactional id " +
                                          options_.transactional_id +
                                          ": give each writer its own --transactional-id");
  }
  const auto last = std::exchange(last_fenced_, Clock::now());
  if (!last || *last_fenced_ - *last > kSoonFencedAgain) return;
  log_(LogLevel::kWarning, "transactional id " + options_.transactional_id +
                               ": fenced again, as by members that come and go, or by another "
                               "writer with the same id");
}

TransactionalProducer::Clock::duration TransactionalProducer::stalled(Clock::time_point now) const {
  return outstanding_bytes() == 0 ? Clock::duration::zero() : now - last_progress_;
}

Error TransactionalProducer::StallError() const {
  return client_->records().LastError("nothing could be committed to topic " +
                                      options_.topics.output.name + " for too long");
}

milliseconds TransactionalProducer::poll_timeout() const {
  if (flow_.must_abort() && in_flight_ > 0) return kWhileAborting;
  const auto due = flow_.due();
  if (!due) return kUsually;
  const auto left = std::chrono::ceil<milliseconds>(*due - Clock::now());
  // One that is due waits for its records.
  return left <= milliseconds(0) ? kUsually : std::min(left, kUsually);
}

std::vector<TransactionalProducer::FramePtr> TransactionalProducer::Abandon() {
  std::vector<FramePtr> frames = flow_.Abandon();
  client_.reset();  // before the batches go, whose values it borrows
  batches_.clear();
  step_ = Step::kNothing;
  Advance();
  return frames;
}

std::vector<TransactionalProducer::FramePtr> TransactionalProducer::TakeDropped() {
  std::vector<FramePtr> dropped = flow_.TakeDropped();
  for (const FramePtr& frame : dropped) batches_.erase(frame.get());
  return dropped;
}

// The records.

ProducedBatch& TransactionalProducer::BatchOf(const FramePtr& frame) {
  std::unique_ptr<ProducedBatch>& batch = batches_[frame.get()];
  if (batch) return *batch;
  batch = std::make_unique<ProducedBatch>();
  batch->frame = frame;
  const size_t count = frame->record_count();
  batch->records = std::make_unique<QueuedRecord[]>(count);
  for (size_t i = 0; i < count; ++i) {
    batch->records[i].batch = batch.get();
    batch->records[i].index = static_cast<uint32_t>(i);
    const bool good = frame->record(i).state == RecordState::kOk;
    batch->records[i].destination = good ? Destination::kOutput : Destination::kDeadLetters;
  }
  return *batch;
}

void TransactionalProducer::ProduceFrame(const TransactionFlow::ToProduce& next) {
  const std::optional<int32_t> placed = PlacedIn(next.frame->info());
  ProducedBatch& batch = BatchOf(next.frame);
  router_.StartBatch();
  const size_t count = next.frame->record_count();
  for (size_t i = 0; i < count; ++i) {
    const RecordView record = next.frame->record(i);
    if (record.state == RecordState::kFiltered || record.offset < next.from) continue;
    Enqueue(batch.records[i], placed);
  }
}

std::optional<int32_t> TransactionalProducer::PlacedIn(const BatchInfo& batch) {
  const std::optional<int32_t> placed = router_.PlacedIn(batch);
  if (!placed || *placed < router_.partitions(Destination::kOutput)) return placed;
  router_.GrowTo(Destination::kOutput,
                 client_->records().PartitionCount(Destination::kOutput, kPartitionCountTimeoutMs));
  const int32_t count = router_.partitions(Destination::kOutput);
  if (*placed < count) return placed;
  throw Error(ErrorKind::kConfiguration,
              fmt::format("topic {} has no partition {}, it has {} (add partitions, or use "
                          "--partition key)",
                          options_.topics.output.name, *placed, count));
}

void TransactionalProducer::Enqueue(QueuedRecord& record, std::optional<int32_t> placed) {
  if (record.destination == Destination::kDeadLetters) placed.reset();
  record.queue = &router_.QueueFor(record.destination, record.batch->record(record).key, placed);
  if (record.queue->Push(&record)) Send(record);
}

void TransactionalProducer::Send(QueuedRecord& record) {
  ++in_flight_;
  const auto error = client_->records().Send(RecordToSend(record).outgoing(), record);
  if (!error) return;
  --in_flight_;
  record.queue->OnWithdrawn();
  if (!error->lies_in_record()) return flow_.MustAbort();
  Reject(record, *error);
  Enqueue(record, std::nullopt);
}

void TransactionalProducer::OnStored(QueuedRecord& record, size_t /*value_bytes*/) {
  --in_flight_;
  record.alone = false;
  OutputPartitionQueue& queue = *record.queue;
  queue.OnStored(record);
  if (flow_.must_abort()) return;
  while (QueuedRecord* next = queue.Pop()) Send(*next);
}

void TransactionalProducer::OnNotStored(QueuedRecord& record, const DeliveryError& error) {
  --in_flight_;
  const bool was_alone = record.queue->exclusive();
  record.queue->OnWithdrawn();
  flow_.MustAbort();
  if (error.lies_in_record()) {
    if (was_alone) return Reject(record, error);
    record.alone = true;
    return;
  }
  const bool to_output = record.destination == Destination::kOutput;
  const auto& topics = options_.topics;
  CheckMayTryAgain(to_output ? topics.output.name : topics.dead_letters.name, error);
}

/// It was refused, and it alone: to the dead letters, or there again with less of it.
void TransactionalProducer::Reject(QueuedRecord& record, const DeliveryError& error) {
  record.alone = false;
  BecomeDeadLetter(record, error, options_.topics.dead_letters.name, log_);
}

void TransactionalProducer::OnFatal(const ProducerClient& /*client*/, const FatalError& error) {
  if (error.kind == ErrorKind::kNotAuthorised)
    throw Error(error.kind, "the producer cannot continue: " + error.text);
  dead_ = true;
  dead_fenced_ = error.kind == ErrorKind::kTryAgain;
  dead_why_ = error.text;
}

/// A frame is done: it is committed, by us or before us.
void TransactionalProducer::Count(const Frame& frame) {
  const auto produced = batches_.find(&frame);
  if (produced == batches_.end()) return;
  const ProducedBatch& batch = *produced->second;
  for (size_t i = 0; i < frame.record_count(); ++i) {
    const RecordView record = frame.record(i);
    const auto rejection = batch.rejections.find(static_cast<uint32_t>(i));
    if (rejection != batch.rejections.end()) {
      ++totals_.dead_letters;
      failures_.Add(frame.info(), record,
                    {"rk-write", rejection->second.code, rejection->second.message});
    } else if (record.state == RecordState::kOk) {
      ++totals_.records;
      totals_.bytes += record.value.value_or("").size();
    } else if (record.state == RecordState::kFailed) {
      ++totals_.dead_letters;
      failures_.Add(frame.info(), record, record.failure);
    }
  }
  batches_.erase(produced);
}

}  // namespace rk
