#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <zmq.hpp>

#include "lib/balance/balancer.h"
#include "lib/base/event_fd.h"
#include "lib/link/ack_channel.h"
#include "lib/link/ipc_binding.h"
#include "lib/link/link_observer.h"
#include "lib/link/sink.h"
#include "lib/link/zmq_socket.h"

namespace rk {

/// Frames to whichever fetcher asks for one (ROUTER, which binds), with a queue in front. Send()
/// sends at once what a fetcher has asked for, and blocks while the queue is full; a thread of its
/// own hears the fetchers, and sends what waits as they ask. A fetcher that dies is found within
/// 200 ms, one that is silent within 2 s; what it held is refused at its reader, which sends it
/// again.
class ServeSink : public Sink {
 public:
  struct Options {
    std::string path;
    size_t max_frame = 0;
    size_t queue_records = 1;  ///< waiting here; one frame may go over
    Balancer::By by = Balancer::By::kNone;
  };

  /// Throws Error(kConfiguration), Error(kIo).
  ServeSink(const Options& options, LinkObserver observer);
  ~ServeSink() override;

  void Send(const Frame& frame) override { Give(frame.Clone()); }
  void Give(Frame frame) override;
  /// Waits until nothing is queued and every fetcher is done with what it got.
  void Finish(const Origin& origin) override;
  int fd() const override { return -1; }
  bool lossy() const override { return true; }

 private:
  using Clock = std::chrono::steady_clock;
  using Lock = std::unique_lock<std::mutex>;

  void Loop(const std::stop_token& stop);
  void Wait(Clock::time_point until) const;
  void Receive(Clock::time_point now);
  void Hear(const std::string& peer, const zmq::message_t& message, Clock::time_point now);
  void Dispatch(Clock::time_point now);
  void Probe(Clock::time_point now);
  void Drop(const std::string& peer);
  bool SendTo(const std::string& peer, zmq::message_t message);
  void Refuse(const std::vector<Balancer::Refused>& refused, const char* why);
  void RethrowFailure() const;

  LinkObserver observer_;
  zmq::context_t context_;
  EventFd wake_;
  std::condition_variable changed_;
  std::mutex mutex_;  ///< guards what follows
  zmq::socket_t socket_;
  IpcBinding binding_;
  ReadyFd ready_;
  AckClient acks_;
  Balancer balancer_;
  std::exception_ptr failure_;  ///< what ended the thread
  std::jthread thread_;
};

}  // namespace rk
