#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/batch/interval_set.h"
#include "lib/batch/partition.h"
#include "lib/link/ready_message.h"

namespace rk {

/// Which peer each partition belongs to, where a partition has to go to one peer at a time
/// (docs/architecture.md, Links, --by partition). Partitions are shared out evenly; one moves to
/// another peer only when nothing of it is in flight, so it waits for that; but not for a batch
/// that its peer may hold back, for want of an earlier one or of word that another peer has done
/// that: it goes on there instead. A pure class.
class PartitionAffinity {
 public:
  /// The peers that take frames, now. Partitions move as far as it takes to share them out evenly.
  void SetPeers(const std::vector<std::string>& peers);

  /// The peer that the partition's next frame goes to; nullopt if it must wait: for a peer, or for
  /// what is in flight at the one that it moves away from.
  std::optional<std::string> PeerFor(const TopicPartition& partition);

  /// A frame of `batch` goes to `peer`. Says the lowest offset of the partition that is not done,
  /// as far as is known, of which the frame is to tell; `floor` is what it says itself.
  int64_t Sent(const HeldRange& batch, const std::string& peer, int64_t floor);
  /// `peer` turns out to have it, sent by another server or on another connection.
  void Found(const HeldRange& batch, const std::string& peer);
  /// It is not in flight at `peer` any more. `done`: it is stored, and need not come again.
  void Settled(const HeldRange& batch, const std::string& peer, bool done);

  struct Uninformed {
    HeldRange batch;
    std::string peer;
  };
  /// Of each partition the next batch, where its peer may hold that back only because it has not
  /// heard that all before is done: any frame of the partition would tell it.
  std::vector<Uninformed> FindUninformed() const;

 private:
  struct Batch {
    int64_t epoch = 0;
    OffsetRange range;
    std::string peer;  ///< who has it
    auto operator<=>(const Batch&) const = default;
  };
  // What a peer has had, as far as we know: from offset 0 to the highest floor that it was told,
  // and the batches sent to it. What begins behind the first gap in that it may hold back.
  struct Had {
    int64_t epoch = 0;
    IntervalSet offsets;
  };
  struct Assignment {
    std::string target;              ///< the peer that is to have it all; empty while there is none
    std::multiset<Batch> in_flight;  ///< but for what another peer has done since
    std::map<std::string, size_t> held;  ///< how many of these each peer has
    std::map<std::string, Had> had;      ///< by peer
    int64_t epoch = 0;
    IntervalSet done;  ///< of that epoch, from offset 0 to the highest floor seen, and above
  };

  static bool IsDone(const Assignment& assignment, const Batch& batch);
  static bool MayBeHeldBack(const Assignment& assignment, const Batch& batch);
  static std::multiset<Batch>::iterator Remove(Assignment& assignment,
                                               std::multiset<Batch>::iterator batch);
  Assignment& Add(const HeldRange& batch, const std::string& peer);
  bool IsPeer(const std::string& name) const;
  void Assign(Assignment& assignment);
  size_t CountOf(const std::string& peer) const;

  std::vector<std::string> peers_;
  std::map<TopicPartition, Assignment> assignments_;
};

}  // namespace rk
