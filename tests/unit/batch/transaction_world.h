#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "lib/batch/claimants.h"
#include "lib/batch/ledger.h"
#include "lib/batch/transaction_flow.h"
#include "lib/batch/writer_order.h"
#include "tests/unit/batch/make_batch.h"

namespace rk {

/// What of Kafka's transactions and groups exactly once stands on.
struct FakeTransactions {
  struct Open {
    int life = 0;
    std::vector<std::pair<int32_t, int64_t>> records;  ///< partition of the input, offset
    std::map<int32_t, int64_t> offsets;
  };

  /// init_transactions: whoever had the id before is fenced, and what it had open aborted.
  int Init(const std::string& id);
  bool IsFenced(const std::string& id, int life) const { return lives.at(id) != life; }
  /// False if another transaction has offsets of the partition that may yet be committed.
  bool IsStable(int32_t partition) const;
  bool Knows(const GroupMember& member) const;
  void Commit(const std::string& id);

  std::map<std::string, int> lives;
  std::map<std::string, Open> open;
  std::map<int32_t, int64_t> committed;
  std::map<int32_t, std::vector<int64_t>> output;  ///< what a read_committed consumer sees
  int32_t generation = 1;
  std::set<std::string> members;
};

/// Two readers in a group and two writers that commit exactly once, on a Kafka that keeps its
/// promises, with deaths, freezes, rebalances, batches that go astray and answers that are lost.
/// Everything happens in an order drawn from the seed.
class TransactionWorld {
 public:
  explicit TransactionWorld(uint64_t seed);
  /// Throws std::runtime_error if a record is missing or comes twice in the end.
  void Run();

 private:
  using FramePtr = std::shared_ptr<const Frame>;
  using Step = TransactionFlow::Step;

  struct Message {
    enum class Kind { kGrant, kFence, kGroup };
    Kind kind = Kind::kFence;
    PartitionClaim claim;
    uint64_t life = 0;
    std::vector<std::string> earlier;
    GroupMember member;
  };
  struct Word {
    enum class Kind { kClaim, kTaken, kAck, kNack };
    Kind kind = Kind::kAck;
    std::string id;
    int process = 0;
    uint64_t life = 0;
    PartitionClaim claim;
    OffsetRange range;
  };
  struct Writer {
    std::string id;
    int process = 0;
    WriterOrder order{true};
    std::unique_ptr<TransactionFlow> flow;
    int life = 0;
    std::deque<FramePtr> link;
    std::map<std::string, std::deque<Message>> inbox;  ///< by reader's endpoint
    std::set<std::string> connected;
    Step step = Step::kNothing;  ///< under way
    bool offsets_sent = false;
    size_t in_flight = 0;
    bool frozen = false;
  };
  struct Reader {
    std::string endpoint;
    Origin origin{};
    std::unique_ptr<Ledger> ledger;
    Claimants claimants;
    GroupMember member;                         ///< as it knows
    std::deque<std::pair<size_t, Word>> inbox;  ///< from which writer
    bool frozen = false;
  };

  size_t Below(size_t bound) { return random_() % bound; }
  bool OneIn(size_t chances) { return Below(chances) == 0; }
  static TopicPartition Name(int32_t partition) { return {"t", partition}; }
  size_t OwnerOf(int32_t partition) const { return owners_.at(partition); }

  void Act(bool rough);
  void StartReader(Reader& reader);
  void Join(Reader& reader);
  void TryAssign(int32_t partition);
  void GiveUp(Reader& reader, int32_t partition);
  void Read(Reader& reader);
  void Send(Reader& reader);
  void Hear(Reader& reader);
  void HearClaim(Reader& reader, size_t from, const Word& word);
  void Rebalance();
  void Notice(Reader& reader);
  void KillReader(Reader& reader);
  void Broadcast(Reader& reader, const Message& message);

  void StartWriter(Writer& writer);
  void Receive(Writer& writer);
  void Listen(Writer& writer);
  void Proceed(Writer& writer);
  void Start(Writer& writer);
  void Finish(Writer& writer);
  void FinishTakeover(Writer& writer);
  void FinishCommit(Writer& writer);
  void Report(Writer& writer);
  void Say(Writer& writer, Word::Kind kind, const PartitionClaim& claim, OffsetRange range = {});
  void StartOver(Writer& writer);
  void KillWriter(Writer& writer);
  bool IsAlive(const std::string& endpoint) const;
  bool Done() const;

  std::mt19937_64 random_;
  size_t patience_;  ///< what is frozen stays so the longer
  size_t calm_;      ///< the less goes wrong
  TransactionFlow::Clock::time_point now_{std::chrono::hours(1)};
  int64_t boot_time_ = 1000;
  int names_ = 0;
  FakeTransactions kafka_;
  std::vector<Reader> readers_;
  std::vector<Writer> writers_;
  std::map<int32_t, size_t> owners_;   ///< as the group has it
  std::set<int32_t> unassigned_;       ///< not yet begun by their owners
  std::map<int32_t, size_t> targets_;  ///< the writer that a partition's frames go to
};

}  // namespace rk
