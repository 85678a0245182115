#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "lib/link/connection.h"
#include "lib/link/held_frames.h"
#include "lib/link/link_observer.h"
#include "lib/link/link_state.h"
#include "lib/link/message_source.h"
#include "lib/link/ready_fd.h"
#include "lib/link/ready_message.h"
#include "lib/link/refusal_log.h"
#include "lib/link/transport.h"

namespace rk {

/// Frames from a server, on demand (DEALER, which connects), as they came. The server is told what
/// this stage holds at each change that it waits for (a frame done, and room where it knows of
/// none), and at the latest 500 ms after it was told last, if OnTick() is called.
class FetchSocket : public MessageSource {
 public:
  static constexpr std::chrono::milliseconds kBetweenReports{500};

  struct Options {
    LinkAddress address;
    size_t max_frame = 0;
    /// Frames that are here and not done at most; for a stage that does not isolate, frames that
    /// it has not yet received: what a writer holds back must not keep out what it waits for.
    size_t prefetch = 2;
    bool isolates = true;  ///< see ReadyMessage
    bool stores = false;   ///< likewise
  };

  /// Throws Error(kIo).
  FetchSocket(Options options, LinkObserver observer);
  ~FetchSocket() override;

  std::optional<FrameMessage> TryReceive() override;
  void Done(const HeldRange& batch) override;
  /// One that was received turns out to be damaged: the server learns that it is not here.
  void Lost(const HeldRange& batch);
  /// As Source::Abandon().
  void Abandon();
  void Leave() override;
  bool ended() const override;
  int fd() const override { return ready_.fd(); }
  void OnTick(Clock::time_point now) override;

  // For whoever calls from two threads, under a lock:

  /// Tells the server now.
  void Report();
  /// From here on fd() is readable until TryReceive() has nothing.
  void WakeReceiver() { ready_.SomethingLeft(); }
  const std::string& address() const { return options_.address.text; }

 private:
  void Connect();
  void Receive();
  void Take(zmq::message_t message);
  void Learn(const Origin& connection);
  void Refused(const std::string& link);
  void Tell();
  bool CutOff() const;
  void BeginAnew();
  ReadyMessage State() const;
  uint32_t Room() const;
  uint32_t RoomKnown() const;

  Options options_;
  LinkObserver observer_;
  Origin instance_ = RandomOrigin();
  ReadyFd ready_;
  std::optional<LinkState> state_;  ///< on tcp://
  RefusalLog refusals_;
  LinkSocket socket_;
  std::optional<Connection> to_server_;
  std::deque<FrameMessage> frames_;
  HeldFrames held_;
  Origin connection_{};         ///< its name, as the server has said
  uint64_t received_ = 0;       ///< since it said so
  uint32_t told_room_ = 0;      ///< what the server was told last,
  uint64_t told_received_ = 0;  ///< and when
  Clock::time_point told_at_;
  Clock::time_point heard_at_;  ///< of the server
  std::optional<Clock::time_point> left_at_;
  bool answered_ = false;  ///< nothing more will come
};

}  // namespace rk
