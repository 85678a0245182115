#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/log.h"
#include "lib/batch/frame.h"
#include "lib/kafka/producer_client.h"

/// Internal to lib/kafka: what a producer has taken, and what is sent for a record of it.
namespace rk {

/// Why the brokers do not take a record, as a failure of the stage rk-write.
struct BrokerRejection {
  std::string code;
  std::string message;
};

BrokerRejection MakeRejection(const DeliveryError& error, const RecordView& record);

/// A frame that was taken, until it is done.
struct ProducedBatch {
  std::shared_ptr<const Frame> frame;
  std::unique_ptr<QueuedRecord[]> records;
  size_t remaining = 0;                            ///< records that are neither stored nor filtered
  std::map<uint32_t, BrokerRejection> rejections;  ///< by record; not an earlier stage's failures
  std::list<ProducedBatch>::iterator self;

  RecordView record(const QueuedRecord& queued) const { return frame->record(queued.index); }
  /// `topic[partition] offset`, for people.
  std::string Where(const QueuedRecord& queued) const;
};

/// A record was refused alone: it becomes a dead letter, or where it was one already, a dead letter
/// without its value or its timestamp. Returns why if it was none before, else null. Throws
/// Error(kConfiguration) that names `dead_letters`, the topic, if less of the record does not help.
const BrokerRejection* BecomeDeadLetter(QueuedRecord& record, const DeliveryError& error,
                                        const std::string& dead_letters, const Log& log);

/// The batches that a producer has taken and that are not done. The caller serialises.
class ProducerBatches {
 public:
  using FramePtr = std::shared_ptr<const Frame>;

  /// `frame` with its records numbered; it stays where it is until it is done. Done() must be
  /// called once for each record, and once more when all were looked at.
  ProducedBatch& Add(FramePtr frame);
  /// One record is stored, or filtered, or (the last call) all were looked at.
  void Done(ProducedBatch& batch) {
    if (--batch.remaining == 0) Finish(batch);
  }

  bool empty() const { return batches_.empty(); }
  size_t count() const { return batches_.size(); }
  size_t bytes() const { return bytes_; }
  /// Forgets those that are not done, and returns their frames.
  std::vector<FramePtr> Abandon();
  /// The frames that became done since the last call.
  std::vector<FramePtr> TakeDone() { return std::exchange(done_, {}); }

 private:
  void Finish(ProducedBatch& batch);

  std::list<ProducedBatch> batches_;
  std::vector<FramePtr> done_;
  uint64_t next_order_ = 0;
  size_t bytes_ = 0;
};

/// What is sent for a record, to where it goes: as it is to the output topic; to the dead-letter
/// topic as its failing stage took it, with the headers that say why, less what that topic does
/// not take. Good for as long as this object and the batch.
class RecordToSend {
 public:
  explicit RecordToSend(const QueuedRecord& queued);
  RecordToSend(const RecordToSend&) = delete;
  RecordToSend& operator=(const RecordToSend&) = delete;

  const OutgoingRecord& outgoing() const { return outgoing_; }

 private:
  void MakeDeadLetter(const QueuedRecord& queued, const RecordView& record);

  OutgoingRecord outgoing_;
  std::vector<std::pair<std::string, std::string>> more_headers_;
};

}  // namespace rk
