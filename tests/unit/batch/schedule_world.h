#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "lib/batch/ledger.h"
#include "lib/batch/writer_order.h"
#include "tests/unit/batch/make_batch.h"

namespace rk {

/// A little pipeline for randomised schedules: readers with a Ledger each, a middle of replicas
/// that reorders, loses and dies, and a writer with a WriterOrder before a producer of several
/// output partitions. One call of Step() does one thing somewhere; any order of steps is a
/// schedule. What must hold throws std::runtime_error where it does not.
class ScheduleWorld {
 public:
  /// What may happen beside the way of things.
  struct Rough {
    bool ordered = true;
    size_t poison_one_in = 0;  ///< records; 0 is none
    bool middle = false;       ///< stages of the middle are killed or frozen, links time out
    bool writer = false;       ///< the writer is killed or frozen
    bool readers = false;      ///< readers are killed, and partitions move between them
  };

  ScheduleWorld(uint64_t seed, Rough rough);

  void Step();
  /// The input grows no more, and soon nothing goes wrong but poison. Throws if not everything
  /// comes out and is committed, with no time-out to help.
  void Drain();

  size_t produced() const { return produced_; }      ///< records
  size_t duplicates() const { return duplicates_; }  ///< of these, more than the first of a record
  size_t innocent() const { return innocent_; }      ///< of these, failed although no poison

 private:
  using FramePtr = std::shared_ptr<const Frame>;
  using Action = void (ScheduleWorld::*)();

  struct Input {  // a partition of the input topic
    std::vector<int64_t> offsets;
    std::set<int64_t> poison;
    int64_t end = 0;
    int64_t committed = 0;
    size_t owner = 0;
    int64_t epoch = 0;  ///< the owner's
  };

  struct Reader {
    Origin origin{};
    Ledger ledger;
    std::map<int, int64_t> position;  ///< the next offset to fetch
    std::set<int> stopping;
  };

  struct Pushed {
    FramePtr frame;
    size_t by = 0;  ///< a replica's id
  };

  struct Replica {
    size_t id = 0;
    std::vector<FramePtr> held;
  };

  struct Message {  // on the acknowledgement channel
    enum class Kind { kAck, kNack, kBlame, kFence, kFenced } kind;
    Origin origin{};
    TopicPartition partition;
    int64_t epoch = 0;
    OffsetRange range;
  };

  struct InFlight {
    FramePtr frame;
    size_t left = 0;  ///< records without a delivery report
  };

  struct Produced {
    int64_t offset = 0;
    std::shared_ptr<InFlight> batch;
  };

  struct Writer {
    explicit Writer(bool ordered) : order(ordered) {}
    WriterOrder order;
    std::map<std::pair<int, size_t>, std::deque<Produced>> queues;  ///< partition, output queue
    std::vector<FramePtr> delivered;
  };

  // What came out of one input partition.
  struct Output {
    std::map<int64_t, int> times;
    std::map<size_t, int64_t> latest;  ///< by output queue: the latest first occurrence
    std::set<int64_t> failed;          ///< handed to the producer as a dead letter
  };

  size_t Below(size_t bound) { return random_() % bound; }
  bool OneIn(size_t chances) { return Below(chances) == 0; }
  /// Takes out any one of them: that is how things overtake each other.
  template <typename T>
  T Draw(std::vector<T>& from) {
    std::swap(from[Below(from.size())], from.back());
    T drawn = std::move(from.back());
    from.pop_back();
    return drawn;
  }
  static void Check(bool holds, const std::string& what);
  static TopicPartition Name(int partition) { return {"t", partition}; }

  // The readers.
  void AppendInput();
  void Fetch();
  void AddBatch(Reader& reader, int partition);
  void Send();
  void TakeMessage();
  void Commit();
  void CommitOne(int partition);
  void Assign(int partition, size_t reader);
  void StopPartition();
  void MovePartition();
  void LosePartition();
  void KillReader();

  // The middle.
  void FetchByReplica();
  void Process();
  void Emit(const FramePtr& frame, size_t by);
  bool Kills(const Frame& frame) const;
  void Accuse(const Replica& replica);
  void Die(Replica& replica);
  void KillReplica();
  void KillBalance();
  void FreezeReplica();
  void ThawReplica();
  void TimeOut();
  void LoseAcknowledgements();
  void NackAll();

  // The writer.
  void TakeFrame();
  void TakeFence();
  void Produce(const FramePtr& frame);
  void Deliver();
  void Persist(std::deque<Produced>& queue, int partition, size_t queue_number);
  void Report();
  void KillWriter();
  void FreezeWriter();
  void SendTo(Message::Kind kind, const Frame& frame);

  bool AllFetched() const;
  bool AllAtEnd() const;
  void CheckWindows() const;
  void CheckOutput() const;

  Rough rough_;
  std::mt19937_64 random_;
  size_t batch_records_;
  size_t window_bytes_;
  size_t link_frames_;
  size_t rough_one_in_;  ///< steps
  bool supervised_;      ///< a death loses what was pushed, and all that is in flight is refused
  std::vector<Action> usual_;
  std::vector<Action> rough_actions_;

  std::vector<Input> inputs_;
  std::vector<Reader> readers_;
  std::vector<FramePtr> to_replicas_;
  std::vector<Replica> replicas_;
  std::vector<Replica> frozen_;
  std::vector<Pushed> to_writer_;
  std::unique_ptr<Writer> writer_;
  std::vector<Message> to_readers_;
  std::vector<Message> fences_;
  std::map<int, Output> outputs_;
  std::map<std::pair<int, int64_t>, int> accused_;  ///< deaths while its holder held other things
  int64_t last_epoch_ = 0;
  unsigned char last_origin_ = 0;
  size_t last_replica_ = 0;
  size_t produced_ = 0;
  size_t duplicates_ = 0;
  size_t innocent_ = 0;
};

}  // namespace rk
