#pragma once

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "lib/base/event_fd.h"
#include "lib/base/log.h"
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
  AckReceiver(Window& window, const Origin& origin, bool shared, const Log& log);
  ~AckReceiver();

  const std::string& endpoint() const { return server_.endpoint(); }
  /// Tells every writer that this reader gave the partition up.
  void Fence(const TopicPartition& partition, int64_t epoch);

 private:
  void Loop(const std::stop_token& stop);
  void Take(const AckMessage& message);
  void SendFences();

  Window& window_;
  bool shared_;
  Log log_;
  RuntimeDir directory_;
  AckServer server_;
  EventFd wake_;
  std::mutex mutex_;
  std::vector<AckMessage> fences_;  ///< to be sent, guarded by mutex_
  std::jthread thread_;
};

}  // namespace rk
