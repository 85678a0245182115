#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

namespace rk {

struct ProducedBatch;
class OutputPartitionQueue;

enum class Destination : uint8_t { kOutput = 0, kDeadLetters = 1 };

/// One record on its way to a topic. A batch has an array of them, so that there is no allocation
/// for each record; the library carries a pointer to it.
struct QueuedRecord {
  ProducedBatch* batch = nullptr;
  OutputPartitionQueue* queue = nullptr;
  uint64_t order = 0;  ///< as the records came
  uint32_t index = 0;  ///< of the record in its frame
  Destination destination = Destination::kOutput;
  bool without_value = false;      ///< a dead letter too large for its topic
  bool without_timestamp = false;  ///< a dead letter too old or too new for its topic
  bool alone = false;              ///< shares a request with no other
};

/// The records on their way to one partition: which may be sent now, so that they are stored in
/// the order in which they came, whatever is rejected (docs/architecture.md, I7, I10). A pure
/// class; the caller serialises.
///
/// Usually many are in flight, on the pipelined client: a broker that rejects one request rejects
/// those behind it too, by their sequence numbers, so nothing overtakes. There is one exception: a
/// broker that has stored nothing yet of this producer takes any sequence number. Therefore the
/// first record travels alone, and the others wait until it is stored.
///
/// Records that shared a rejected request travel alone too, each, on the serial client, and the
/// queue is serial until they are through and one is stored again.
class OutputPartitionQueue {
 public:
  explicit OutputPartitionQueue(int32_t partition) : partition_(partition) {}

  int32_t partition() const { return partition_; }

  /// `record` comes behind all others. True: it is in flight from now on, send it; false: it waits.
  bool Push(QueuedRecord* record) {
    if (waiting_.empty() && MaySend(*record)) {
      Depart(*record);
      return true;
    }
    waiting_.push_back(record);
    return false;
  }

  /// The first that waits, if it may go now: it is in flight from now on, send it. Else nullptr.
  QueuedRecord* Pop() {
    if (waiting_.empty() || !MaySend(*waiting_.front())) return nullptr;
    QueuedRecord* record = waiting_.front();
    waiting_.pop_front();
    Depart(*record);
    return record;
  }

  /// True if the record in flight shares the partition with no other.
  bool exclusive() const { return exclusive_; }
  /// True if what is in flight was sent while the queue was serial.
  bool sent_serially() const { return sent_serially_; }

  /// `record` is in flight no more: it is stored.
  void OnStored(const QueuedRecord& record) {
    Arrive();
    if (!sent_serially_) known_to_broker_ = true;
    if (record.order >= serial_until_) serial_ = false;
  }
  /// It is in flight no more and not stored, for no fault of its own as far as we know: it will be
  /// sent again; after Restart(), in its old place.
  void OnReturned(QueuedRecord* record) {
    Arrive();
    waiting_.push_back(record);
  }
  /// It never got on its way, and will not be stored here.
  void OnWithdrawn() { Arrive(); }
  /// The request that it was in was rejected, and the fault may be its own.
  void OnSuspected(const QueuedRecord& record) {
    serial_ = true;
    serial_until_ = std::max(serial_until_, record.order);
  }
  /// It is in flight no more, and will never be stored here.
  void OnRejected(const QueuedRecord& record) {
    Arrive();
    OnSuspected(record);
  }

  /// To be called now and then, with minutes between: the broker may have forgotten a producer that
  /// sent nothing since the last call.
  void ForgetIfIdle() {
    if (!used_ && in_flight_ == 0) known_to_broker_ = false;
    used_ = false;
  }

  /// Forgets every record; the producer is a new one.
  void Clear() { *this = OutputPartitionQueue(partition_); }
  /// The first record need not travel alone: in a transaction nobody sees what overtook.
  void AssumeKnown() { known_to_broker_ = true; }

  /// Nothing goes until Restart().
  void Hold() { held_ = true; }
  /// Nothing is in flight, and the producer is a new one: go on with what waits, in order.
  void Restart();

 private:
  bool MaySend(const QueuedRecord& record) const {
    const bool shares = known_to_broker_ && !serial_ && !exclusive_ && !record.alone;
    return !held_ && (in_flight_ == 0 || shares);
  }
  void Depart(const QueuedRecord& record) {
    ++in_flight_;
    used_ = true;
    sent_serially_ = serial_;
    exclusive_ = serial_ || !known_to_broker_ || record.alone;
  }
  void Arrive() {
    if (--in_flight_ == 0) exclusive_ = false;
  }

  int32_t partition_;
  uint32_t in_flight_ = 0;
  bool known_to_broker_ = false;  ///< the broker has stored something of this producer here
  bool used_ = false;             ///< since the last ForgetIfIdle()
  bool serial_ = false;
  uint64_t serial_until_ = 0;  ///< the order of the last suspect
  bool exclusive_ = false;
  bool sent_serially_ = false;
  bool held_ = false;
  std::deque<QueuedRecord*> waiting_;
};

}  // namespace rk
