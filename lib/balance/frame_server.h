#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/balance/balancer.h"
#include "lib/base/error.h"
#include "lib/link/ack_channel.h"
#include "lib/link/frame_message.h"
#include "lib/link/link_address.h"
#include "lib/link/link_observer.h"
#include "lib/link/serve_socket.h"

namespace rk {

/// Frames to whichever fetcher asks for one, with a queue in front: what a Balancer decides, done.
/// A fetcher that dies is found within 200 ms, one that is silent within 2 s; what it held is
/// nacked at its reader, which sends it again. On tcp://, where no rk-run sees it die, the readers
/// are asked for all that is in flight, since what it had passed on may be lost too; and silence is
/// the network's fault, not the batches'. Nothing blocks and no thread is started; the calls
/// are for one thread, or serialised by the caller.
class FrameServer {
 public:
  using Clock = std::chrono::steady_clock;
  /// How often Serve() wants to be called, whatever comes.
  static constexpr std::chrono::milliseconds kBetweenTicks{100};

  struct Options {
    LinkAddress address;
    size_t max_frame = 0;
    size_t queue_records = 1;  ///< waiting here; one frame may go over
    Balancer::By by = Balancer::By::kNone;
  };

  /// Throws Error(kConfiguration), Error(kIo).
  FrameServer(const Options& options, LinkObserver observer);

  bool HasRoom() const { return balancer_.HasRoom(); }
  /// True if nothing is queued and every fetcher is done with what it got.
  bool Idle() const { return balancer_.Idle(); }
  /// True until the first fetcher has been heard of.
  bool nobody_came() const { return nobody_came_; }
  /// What to throw where that is reason enough to leave.
  Error NobodyCame() const;
  /// Queues a frame, and sends what a fetcher has asked for.
  void Add(FrameMessage frame, Clock::time_point now);
  /// Hears the fetchers, sends what they have asked for, and looks for dead ones when that is due.
  void Serve(Clock::time_point now);
  /// Readable (POLLIN) when Serve() has something to do.
  int fd() const { return socket_.fd(); }

 private:
  void Hear(const ServeSocket::Report& report, Clock::time_point now);
  void Dispatch(Clock::time_point now);
  void OnTick(Clock::time_point now);
  void Remove(const std::string& peer);
  void ReplayForLostPeers();
  void Nack(const std::vector<Balancer::LostBatch>& lost, const char* why);

  LinkObserver observer_;
  ServeSocket socket_;
  AckClient acks_;
  Balancer balancer_;
  const bool remote_;
  uint64_t lost_peers_ = 0;                           ///< that the readers have been told of
  std::map<std::string, Clock::time_point> readers_;  ///< when remote: a frame of each came when
  Clock::time_point next_tick_;
  bool nobody_came_ = true;
};

}  // namespace rk
