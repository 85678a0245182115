#pragma once

#include <cstdint>
#include <deque>

namespace rk {

struct ProducedBatch;
class Lane;

/// One record on its way to a topic. A batch has an array of them, so that there is no allocation
/// for each record; the library carries a pointer to it.
struct Slot {
  ProducedBatch* batch = nullptr;
  Lane* lane = nullptr;
  uint64_t order = 0;  ///< as the records came
  uint32_t index = 0;  ///< of the record in its frame
  bool alone = false;  ///< shared a request that was refused: shares none any more
  bool without_value = false;      ///< a dead letter too large for its topic
  bool without_timestamp = false;  ///< a dead letter too old or too new for its topic
};

/// The records on their way to one partition: which may be sent now, so that they are stored in
/// the order in which they came, whatever is refused (DESIGN I7, I10). A pure class.
///
/// The library pipelines requests, and a broker that refuses one refuses those behind it too, by
/// their sequence numbers, so nothing overtakes. There is one exception: a broker that has stored
/// nothing yet of this producer takes any sequence number. Therefore the first record of a
/// partition travels alone, and the others wait until it is stored.
class Lane {
 public:
  explicit Lane(int32_t partition) : partition_(partition) {}

  int32_t partition() const { return partition_; }

  /// `slot` comes behind all others. True: it is in flight from now on, send it; false: it waits.
  bool Enter(Slot* slot) {
    if (waiting_.empty() && MaySend(*slot)) {
      Depart(*slot);
      return true;
    }
    waiting_.push_back(slot);
    return false;
  }

  /// The first that waits, if it may go now: it is in flight from now on, send it. Else nullptr.
  Slot* Next() {
    if (waiting_.empty() || !MaySend(*waiting_.front())) return nullptr;
    Slot* slot = waiting_.front();
    waiting_.pop_front();
    Depart(*slot);
    return slot;
  }

  /// True if the record in flight shares the partition with no other.
  bool exclusive() const { return exclusive_; }

  /// A record is in flight no more.
  void Arrive(bool stored) {
    --in_flight_;
    if (stored) known_to_broker_ = true;
    if (in_flight_ == 0) exclusive_ = false;
  }

  /// A record that was not stored is to be sent again; after Restart(), in its old place.
  void Return(Slot* slot) { waiting_.push_back(slot); }

  /// Nothing goes until Restart().
  void Hold() { held_ = true; }

  /// Nothing is in flight and the producer is a new one: go on with what waits, in order.
  void Restart();

 private:
  bool MaySend(const Slot& slot) const {
    return !held_ && (in_flight_ == 0 || (!exclusive_ && !slot.alone));
  }
  void Depart(const Slot& slot) {
    ++in_flight_;
    exclusive_ = slot.alone || !known_to_broker_;
  }

  int32_t partition_;
  uint32_t in_flight_ = 0;
  bool exclusive_ = false;
  bool known_to_broker_ = false;  ///< the broker has stored something of this producer here
  bool held_ = false;
  std::deque<Slot*> waiting_;
};

}  // namespace rk
