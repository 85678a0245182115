#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lib/batch/frame.h"
#include "lib/batch/partition.h"

namespace rk {

/// A reader's place in its group, as the broker checks it when offsets are committed.
struct GroupMember {
  int32_t generation = -1;
  std::string member_id;
  std::string instance_id;  ///< empty: not a static member
  auto operator<=>(const GroupMember&) const = default;
};

/// A partition of a group's input.
struct GroupPartition {
  std::string group;
  TopicPartition partition;
  auto operator<=>(const GroupPartition&) const = default;
};

/// What a writer says to, and hears from, the reader at `endpoint` about a partition.
struct PartitionClaim {
  std::string endpoint;
  TopicPartition partition;
  int64_t epoch = 0;
  auto operator<=>(const PartitionClaim&) const = default;
};

/// How a writer commits exactly once (docs/architecture.md, Exactly once, X1–X7): what it may do
/// next with a transactional producer. A pure class: it does nothing itself; whoever does asks
/// Next(), and tells what became of it. Batches come in each partition's order (WriterOrder).
///
/// One life of a producer may write what a reader sent in one epoch of a partition when that reader
/// has granted its claim, all that the grant names have been fenced, and the group's committed
/// offset has been read after that: what lies below it is done. Every life claims anew. So nothing
/// is produced that another may still commit, or has committed, also where the answer to a commit
/// was lost.
///
/// Each frame taken comes out once: done (committed) or dropped (a later epoch, or its reader's
/// Fence, has made it worthless).
class TransactionFlow {
 public:
  using Clock = std::chrono::steady_clock;
  using FramePtr = std::shared_ptr<const Frame>;

  static constexpr std::chrono::seconds kAskAgainAfter{1};
  /// What a reader granted holds as long as it is heard of: for less time than an idle connection
  /// of the acknowledgement channel stays open, so that no Fence can have been missed.
  static constexpr std::chrono::seconds kGrantsHoldFor{20};

  TransactionFlow(std::string id, std::chrono::milliseconds commit_interval)
      : id_(std::move(id)), commit_interval_(commit_interval) {}

  // What comes.

  void Take(FramePtr frame, Clock::time_point now);
  void OnGroup(const std::string& endpoint, GroupMember member);
  /// An answer to a claim of life `life`. `topic_id`: the brokers' id of the topic that the frames
  /// are of, empty if nobody knows it; `earlier`: the transactional ids to be fenced.
  void OnGrant(const PartitionClaim& claim, uint64_t life, std::string topic_id,
               std::vector<std::string> earlier);
  /// The reader gave the partition up, in that epoch and all before it.
  void OnFence(const PartitionClaim& fence);
  /// The reader is dead.
  void OnGone(const std::string& endpoint);

  // What is to be said.

  /// Claims to be sent, in the name of life(). To be asked after every other call; asks again what
  /// was not answered. None before the producer is open: whoever fences us later must hit it.
  std::vector<PartitionClaim> TakeClaims(Clock::time_point now);
  /// Counts the producer's lives: an answer that was meant for an earlier one is worth nothing.
  uint64_t life() const { return life_; }
  /// Claims whose predecessors are fenced: the reader may forget those.
  std::vector<PartitionClaim> TakeTaken() { return std::exchange(taken_, {}); }
  std::vector<FramePtr> TakeDone() { return std::exchange(done_, {}); }
  std::vector<FramePtr> TakeDropped() { return std::exchange(dropped_, {}); }
  /// Readers without whose word nothing of theirs goes on.
  std::vector<std::string> AwaitedReaders() const;

  // What is to be done.

  enum class Step {
    kNothing,   ///< something is under way, or there is nothing to do
    kOpen,      ///< a new producer under the id: OnOpened()
    kTakeOver,  ///< what takeover() says: OnTakenOver()
    kBegin,     ///< begin a transaction
    kProduce,   ///< what NextFrame() returns
    kCommit,    ///< offsets() and the transaction: OnCommitted()
    kAbort,     ///< the transaction: OnAborted()
  };
  /// `in_flight`: records produced whose delivery is not known.
  Step Next(Clock::time_point now, size_t in_flight);
  /// When Next() may say more without anything happening.
  std::optional<Clock::time_point> due() const;

  void OnOpened() { state_ = State::kIdle; }

  struct Takeover {
    std::set<std::string> fence;  ///< transactional ids
    /// To read the committed offsets of, behind that → the id of their topic.
    std::map<GroupPartition, std::string> partitions;
  };
  const Takeover& takeover() const { return takeover_; }
  /// Committed offsets; a partition that is missing has none.
  void OnTakenOver(const std::map<GroupPartition, int64_t>& committed);

  struct ToProduce {
    FramePtr frame;
    int64_t from = 0;  ///< lower offsets are committed already
  };
  ToProduce NextFrame();
  /// A record was refused, or is not delivered: what is in the transaction is to be produced again.
  void MustAbort() { must_abort_ = true; }
  bool must_abort() const { return must_abort_; }

  /// What one reader's part of a transaction commits.
  struct Offsets {
    std::string endpoint;
    std::string group;
    GroupMember member;
    std::vector<PartitionOffset> offsets;
    std::vector<std::string> topic_ids;  ///< of each, as its reader granted it
  };
  std::vector<Offsets> offsets() const;
  enum class Outcome {
    kDone,
    kAbort,  ///< not committed: to be aborted, and the producer lives on
    kLost,   ///< the producer's life is over; nobody knows whether it is committed
  };
  /// `refused`: the reader whose membership the broker does not know any more.
  void OnCommitted(Outcome outcome, const std::optional<std::string>& refused = std::nullopt);
  void OnAborted(bool aborted);
  /// The producer's life is over: fenced, or an error that it does not survive.
  void OnLost();

  /// Frames that are neither done nor dropped, and their bytes but for those that wait for a
  /// reader's word: they are bounded by its window.
  size_t outstanding() const { return waiting_.size() + in_transaction_.size(); }
  size_t outstanding_bytes() const;
  /// Forgets everything but what it knows of the readers' places in their groups.
  std::vector<FramePtr> Abandon();

 private:
  enum class State { kClosed, kOpening, kIdle, kTakingOver, kOpen, kCommitting, kAborting };

  struct Reader {
    std::optional<GroupMember> member;
    std::optional<GroupMember> refused;  ///< by the broker
    Clock::time_point heard;
    size_t frames = 0;
    size_t bytes = 0;
    bool silent = false;  ///< a claim has not been answered for long
  };
  struct Grant {
    enum class State { kWanted, kAsked, kGranted, kTaking, kTaken };
    State state = State::kWanted;
    Clock::time_point asked;
    std::string topic_id;
    std::vector<std::string> earlier;
    int64_t committed = 0;
  };
  struct Entry {
    FramePtr frame;
    std::string topic_id;
    bool dropped = false;
  };

  static PartitionClaim ClaimOf(const Frame& frame);
  static GroupPartition PartitionOf(const Frame& frame);
  bool MayBeProduced(const Frame& frame) const;
  static bool IsBlocked(const Reader& reader);
  std::deque<FramePtr>::iterator FindProducible();
  bool TakeoverIsDue() const;
  void StartTakeover();
  void ReturnTransaction();
  bool IsStale(const Frame& frame) const;
  void Leave(const Frame& frame);
  void Drop(FramePtr frame);
  template <typename Predicate>
  void DropWhere(Predicate predicate);

  std::string id_;
  std::chrono::milliseconds commit_interval_;
  State state_ = State::kClosed;
  uint64_t life_ = 1;
  bool must_abort_ = false;
  Clock::time_point began_;
  std::deque<FramePtr> waiting_;       ///< as they came
  std::vector<Entry> in_transaction_;  ///< as they were produced
  std::map<std::string, Reader> readers_;
  std::map<PartitionClaim, Grant> grants_;
  std::map<GroupPartition, int64_t> epochs_;  ///< the latest that came, where frames are
  Takeover takeover_;
  std::vector<PartitionClaim> taken_;
  std::vector<FramePtr> done_;
  std::vector<FramePtr> dropped_;
};

}  // namespace rk
