#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "lib/base/event_fd.h"
#include "lib/base/log.h"
#include "lib/batch/claimants.h"
#include "lib/batch/transaction_flow.h"
#include "lib/link/ack_channel.h"
#include "lib/read/window.h"

namespace rk {

/// The reader's thread that takes acknowledgements and tells the writers of partitions given up.
/// Its public calls may come from any thread. What stops it (a fixed partition that another reader
/// took over) is in the window's failure.
class AckReceiver {
 public:
  /// `window` must outlive it. Binds the channel and starts at once. `shared` says that a group
  /// hands out the partitions, so that losing one to another reader is in order.
  /// `exactly_once`: the writers are those that commit.
  /// `tcp` is for AckServer.
  AckReceiver(Window& window, const Origin& origin, bool shared, bool exactly_once, const Log& log,
              const std::optional<LinkAddress>& tcp);
  ~AckReceiver();

  const std::string& endpoint() const { return server_.endpoint(); }
  /// Tells every writer that this reader gave the partition up.
  void Fence(const TopicPartition& partition, int64_t epoch);
  /// Our place in the group now, for writers that commit exactly once. They hear of it after all
  /// that was fenced before.
  void SetMember(const GroupMember& member);
  /// The brokers' id of the topic that the partition is read of from now on, for the same writers.
  /// To be called before anything of it is sent.
  void SetTopicId(const TopicPartition& partition, std::string id);

 private:
  void Loop(const std::stop_token& stop);
  void Take(const AckMessage& message);
  /// What waits to be sent; returns our place in the group as of the last of it.
  std::optional<GroupMember> SendWaiting();
  void OnClaim(const AckMessage& claim);
  void CheckWriter(AckKind kind);
  std::string TopicId(const TopicPartition& partition);
  bool IsRenewed(const AckMessage& fenced);

  Window& window_;
  bool shared_;
  bool exactly_once_;
  bool claimed_ = false;  ///< a writer that commits is there
  Claimants claimants_;
  Log log_;
  RuntimeDir directory_;
  AckServer server_;
  EventFd wake_;
  std::mutex mutex_;
  std::vector<AckMessage> waiting_;  ///< to be sent, guarded by mutex_, as is what follows
  std::optional<GroupMember> member_;
  std::map<TopicPartition, std::string> topic_ids_;
  std::jthread thread_;
};

}  // namespace rk
