#include "lib/kafka/producer_batches.h"

#include "lib/base/error.h"
#include "lib/kafka/dead_letter.h"

namespace rk {
namespace {

FailureView FailureOf(const QueuedRecord& queued, const RecordView& record) {
  const auto rejection = queued.batch->rejections.find(queued.index);
  if (rejection == queued.batch->rejections.end()) return record.failure;
  return {"rk-write", rejection->second.code, rejection->second.message};
}

}  // namespace

BrokerRejection MakeRejection(const DeliveryError& error, const RecordView& record) {
  switch (error.cause) {
    case DeliveryError::Cause::kTooLarge: {
      const size_t size = record.key.value_or("").size() + record.value.value_or("").size();
      return {"record-too-large",
              error.text + ": key and value have " + std::to_string(size) + " bytes"};
    }
    case DeliveryError::Cause::kTimestamp:
      return {"timestamp-refused", error.text + ": " + std::to_string(record.timestamp_ms) + " ms"};
    default:
      return {"record-refused", error.text};
  }
}

std::string ProducedBatch::Where(const QueuedRecord& queued) const {
  const BatchInfo& info = frame->info();
  return std::string(info.topic) + "[" + std::to_string(info.partition) + "] offset " +
         std::to_string(record(queued).offset);
}

const BrokerRejection* BecomeDeadLetter(QueuedRecord& record, const DeliveryError& error,
                                        const std::string& dead_letters, const Log& log) {
  using Cause = DeliveryError::Cause;
  ProducedBatch& batch = *record.batch;
  BrokerRejection rejection = MakeRejection(error, batch.record(record));
  const std::string what = batch.Where(record) + ": " + rejection.message;
  if (record.destination == Destination::kOutput) {
    log(LogLevel::kDebug, "to the dead letters: " + what);
    record.destination = Destination::kDeadLetters;
    return &batch.rejections.emplace(record.index, std::move(rejection)).first->second;
  }
  if (error.cause == Cause::kTooLarge && !record.without_value) {
    record.without_value = true;
  } else if (error.cause == Cause::kTimestamp && !record.without_timestamp) {
    record.without_timestamp = true;
  } else {
    throw Error(ErrorKind::kConfiguration,
                "the dead-letter topic " + dead_letters + " refuses " + what +
                    " (change its configuration, or name another with --dead-letter)");
  }
  return nullptr;
}

ProducedBatch& ProducerBatches::Add(FramePtr frame) {
  const size_t count = frame->record_count();
  bytes_ += frame->bytes().size();
  ProducedBatch& batch = batches_.emplace_front();
  batch.self = batches_.begin();
  batch.frame = std::move(frame);
  batch.records = std::make_unique<QueuedRecord[]>(count);
  for (size_t i = 0; i < count; ++i) {
    batch.records[i].batch = &batch;
    batch.records[i].order = next_order_++;
    batch.records[i].index = static_cast<uint32_t>(i);
  }
  batch.remaining = count + 1;
  return batch;
}

void ProducerBatches::Finish(ProducedBatch& batch) {
  bytes_ -= batch.frame->bytes().size();
  done_.push_back(std::move(batch.frame));
  batches_.erase(batch.self);
}

std::vector<ProducerBatches::FramePtr> ProducerBatches::Abandon() {
  std::vector<FramePtr> frames;
  for (ProducedBatch& batch : batches_) frames.push_back(std::move(batch.frame));
  batches_.clear();
  bytes_ = 0;
  return frames;
}

RecordToSend::RecordToSend(const QueuedRecord& queued) {
  const RecordView record = queued.batch->record(queued);
  outgoing_ = {record.key, record.value, record.timestamp_ms, record.headers, {}};
  if (queued.destination == Destination::kDeadLetters) MakeDeadLetter(queued, record);
}

void RecordToSend::MakeDeadLetter(const QueuedRecord& queued, const RecordView& record) {
  more_headers_ = DeadLetterHeaders(queued.batch->frame->info(), record, FailureOf(queued, record));
  if (queued.without_value) {
    more_headers_.emplace_back(kValueBytesHeader, std::to_string(record.value.value_or("").size()));
    outgoing_.value.reset();
  }
  if (queued.without_timestamp) {
    more_headers_.emplace_back(kTimestampHeader, std::to_string(record.timestamp_ms));
    outgoing_.timestamp_ms = kNow;
  }
  outgoing_.more_headers = more_headers_;
}

}  // namespace rk
