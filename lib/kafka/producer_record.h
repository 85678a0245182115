#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "lib/batch/frame.h"
#include "lib/kafka/producer_client.h"
#include "lib/kafka/producer_lane.h"

/// Internal to lib/kafka: what is sent for a record of a batch.
namespace rk {

/// Why the brokers do not take a record, as a failure of the stage rk-write.
struct Refusal {
  std::string code;
  std::string message;
};

/// True where sending the record again can never help: it is its own fault.
bool LiesInRecord(rd_kafka_resp_err_t error);
bool IsTooLarge(rd_kafka_resp_err_t error);
Refusal MakeRefusal(rd_kafka_resp_err_t error, const RecordView& record);

/// A frame that was taken, until it is done.
struct ProducedBatch {
  std::shared_ptr<const Frame> frame;
  std::unique_ptr<Slot[]> slots;
  size_t remaining = 0;                  ///< records that are neither stored nor filtered
  std::map<uint32_t, Refusal> refusals;  ///< by record; the brokers', not an earlier stage's
  std::list<ProducedBatch>::iterator self;

  RecordView record(const Slot& slot) const { return frame->record(slot.index); }
  /// `topic[partition] offset`, for people.
  std::string Where(const Slot& slot) const;
};

/// The record as it is, for the output topic.
OutgoingRecord OutputOf(const Slot& slot);
/// The record as its failing stage took it, for the dead-letter topic, with the headers that say
/// why; less what that topic does not take.
OutgoingRecord DeadLetterOf(const Slot& slot);

}  // namespace rk
