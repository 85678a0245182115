#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/balance/affinity.h"
#include "lib/link/frame_message.h"
#include "lib/link/ready_message.h"

namespace rk {

/// Which peer gets which frame (docs/architecture.md, Links and I8): the decisions of a server,
/// without its sockets. A pure class: time is handed in, and peers are names. The caller
/// serialises.
///
/// A frame goes to the peer with the least outstanding among those that have asked for more. A
/// suspect (attempt > 0) goes to a peer that holds nothing else, and that peer gets nothing else
/// until it is done; when all are busy one is kept free for it. Peers that do not isolate (writers)
/// take suspects like any other frame.
class Balancer {
 public:
  using Clock = std::chrono::steady_clock;
  enum class By { kNone, kPartition };
  /// Without a word for so long a peer is taken for dead.
  static constexpr std::chrono::seconds kSilence{2};

  /// `queue_records`: at so many waiting records there is no room for another frame.
  Balancer(size_t queue_records, By by) : queue_records_(queue_records), by_(by) {}

  bool HasRoom() const { return waiting_records_ < queue_records_; }
  size_t waiting_records() const { return waiting_records_; }
  /// True if no frame waits and no peer holds one.
  bool Idle() const;
  std::vector<std::string> peers() const;
  /// Peers that have not left and are not silent.
  size_t present() const;

  /// A frame to be sent, in the order of the calls, as far as peers and partitions allow.
  void Add(FrameMessage frame, Clock::time_point now);

  struct Dispatch {
    std::string peer;
    FrameMessage frame;
    Clock::duration waited;
  };
  /// The next frame that may go and the peer that it goes to: it counts as sent.
  std::optional<Dispatch> Next(Clock::time_point now);
  /// It could not be sent: it waits again, in front. RemovePeer() is to follow.
  void GiveBack(Dispatch dispatch, Clock::time_point now);

  /// A batch that its reader has to send again.
  struct LostBatch {
    std::string ack_endpoint;
    HeldRange batch;
    bool blame = false;  ///< its holder died of it, or may have
  };
  /// A peer said how it is. Unless the peer is new, all that went before is overruled. If it is one
  /// that lost its connection and made another, what got lost on the way is returned.
  std::vector<LostBatch> OnReady(const std::string& peer, const ReadyMessage& message,
                                 Clock::time_point now);
  /// How many peers have been lost that did not say that they were leaving.
  uint64_t lost_peers() const { return lost_peers_; }
  /// The peer is gone for good: returns what it held.
  std::vector<LostBatch> RemovePeer(const std::string& peer);
  /// Peers that have just been without a word for kSilence get nothing until they are heard of
  /// again: returns what they held.
  std::vector<LostBatch> DropSilent(Clock::time_point now);
  /// Batches that peers may hold back for ever, since no frame comes with which they would hear
  /// that they need not: when such a batch is sent again they do. Each at most once a second.
  std::vector<LostBatch> FindUninformed(Clock::time_point now);

 private:
  struct Waiting {
    FrameMessage frame;
    Clock::time_point since;
  };
  struct Outstanding {
    HeldRange batch;
    std::string ack_endpoint;  ///< empty for what an earlier server sent
    uint64_t number = 0;       ///< of the frames sent to the peer, from 1
  };
  struct Peer {
    Origin instance{};
    bool leaving = false;
    bool isolates = false;
    bool has_suspect = false;
    bool silent = false;
    uint64_t capacity = 0;
    uint64_t received = 0;
    uint64_t sent = 0;
    uint64_t turn = 0;  ///< when it last got something
    Clock::time_point seen;
    std::vector<Outstanding> outstanding;

    bool present() const { return !leaving && !silent; }
    bool may_take() const { return present() && !has_suspect && sent - received < capacity; }
  };
  using Peers = std::map<std::string, Peer>;

  Peers::iterator Choose(const FrameMessage& frame);
  Peers::iterator ChooseIdle(const std::optional<std::string>& only);
  Peers::iterator LeastOutstanding(const std::optional<std::string>& only);
  std::vector<LostBatch> Forget(const std::string& peer);
  std::vector<LostBatch> Inherit(const std::string& peer, const ReadyMessage& message);
  void TakeOver(const std::string& name, Peer& peer, const ReadyMessage& message);
  void Settle(const std::string& name, Peer& peer, const ReadyMessage& message);
  std::vector<LostBatch> TakeFrom(const std::string& name, Peer& peer);
  bool Waits(const TopicPartition& partition) const;
  void UpdateAffinity();

  size_t queue_records_;
  By by_;
  std::deque<Waiting> queue_;
  size_t waiting_records_ = 0;
  Peers peers_;
  std::string reserved_;  ///< the peer kept free for the first suspect that waits, if any
  PartitionAffinity affinity_;
  std::map<TopicPartition, Clock::time_point> asked_;  ///< for one that FindUninformed() found
  uint64_t turn_ = 0;
  uint64_t lost_peers_ = 0;
};

}  // namespace rk
