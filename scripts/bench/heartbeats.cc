// One end of a link, with the sockets and options of lib/link, for scripts/bench/heartbeats: says
// for each frame or acknowledgement that it sends or takes its number and when (CLOCK_MONOTONIC,
// ns). Takes 100 ms to work on a frame. HOW is what notices a dead connection: as-is,
// heartbeats (ZeroMQ's), or timeout (TCP_USER_TIMEOUT).
//
//     bench-heartbeats --keys DIR push|collect|serve|fetch|acknowledge|hear ADDRESS HOW

#include <dlfcn.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <zmq.hpp>

#include "lib/link/ack_channel.h"
#include "lib/link/collect.h"
#include "lib/link/fetch_socket.h"
#include "lib/link/push.h"
#include "lib/link/serve_socket.h"

namespace rk {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr size_t kFrame = 256 << 10;
constexpr size_t kMaxFrame = 64 << 20;
constexpr int kHwm = 4;
constexpr milliseconds kWork{100};
constexpr milliseconds kBetweenAcknowledgements{10};
constexpr milliseconds kLongestSilence{2000};  // FrameServer's

constexpr int kHeartbeatMs = 1000;
constexpr int kHeartbeatTimeoutMs = 3000;

std::string how;  ///< for zmq_socket() below, which has no argument for it
volatile std::sig_atomic_t stopped = 0;
volatile std::sig_atomic_t busy = 0;

void Say(int64_t number) {
  fmt::print("{} {}\n", number, Clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
  (void)std::fflush(stdout);
}

Log ToStderr() {
  return [](LogLevel, std::string_view text) { fmt::print(stderr, "{}\n", text); };
}

LinkObserver Observer() {
  LinkObserver observer;
  observer.log = ToStderr();
  return observer;
}

Frame FrameOf(int64_t number) {
  static const std::string value(kFrame, 'x');
  BatchInfo info;
  info.topic = "t";
  info.first_offset = number;
  info.next_offset = number + 1;
  RecordView record;
  record.offset = number;
  record.value = value;
  FrameBuilder builder(info, 1, kFrame);
  builder.Add(record);
  return builder.Finish();
}

// What a taker does with what it took; from one SIGUSR1 to the next it does not get done.
void Work(milliseconds time) {
  std::this_thread::sleep_for(time);
  while (busy != 0) std::this_thread::sleep_for(kBetweenAcknowledgements);
}

void Wait(int fd, milliseconds timeout) {
  pollfd item{fd, POLLIN, 0};
  (void)poll(&item, 1, static_cast<int>(timeout.count()));
}

void Push(const LinkAddress& address) {
  PushSink sink(
      address, kMaxFrame, kHwm, [] { return stopped != 0; }, Observer());
  for (int64_t number = 0; stopped == 0; ++number) {
    sink.Give(FrameOf(number));
    Say(number);
  }
  sink.Finish(Origin{});
}

void Collect(const LinkAddress& address) {
  CollectSocket socket(address, kMaxFrame, kHwm, Observer());
  while (true) {
    Wait(socket.fd(), kWork);
    while (const auto frame = socket.TryReceive()) {
      Say(frame->info().first_offset);
      Work(kWork);
    }
  }
}

// What FrameServer does, but that nothing is sent again.
class Server {
 public:
  explicit Server(const LinkAddress& address) : socket_(address, kMaxFrame, Observer()) {}

  void Run() {
    while (true) {
      Wait(socket_.fd(), milliseconds(50));
      while (const auto report = socket_.TryReceive()) Hear(report->peer, report->ready);
      for (auto it = peers_.begin(); it != peers_.end();) {
        it = socket_.Probe(it->first) && Serve(it->first, it->second) ? std::next(it)
                                                                      : peers_.erase(it);
      }
    }
  }

 private:
  struct Peer {
    uint64_t sent = 0, room = 0;
    Clock::time_point heard;
  };

  void Hear(const std::string& name, const ReadyMessage& ready) {
    Peer& peer = peers_.try_emplace(name, Peer{ready.received, 0, {}}).first->second;
    const uint64_t under_way = peer.sent - ready.received;
    peer.room = ready.capacity - std::min<uint64_t>(under_way, ready.capacity);
    peer.heard = Clock::now();
  }

  // False if the peer is gone.
  bool Serve(const std::string& name, Peer& peer) {
    const bool silent = Clock::now() - peer.heard > kLongestSilence;
    for (; peer.room > 0 && !silent && stopped == 0; --peer.room) {
      FrameMessage frame(FrameOf(number_));
      if (!socket_.Send(name, frame)) return false;
      ++peer.sent;
      Say(number_++);
    }
    return true;
  }

  ServeSocket socket_;
  std::map<std::string, Peer> peers_;
  int64_t number_ = 0;
};

void Fetch(const LinkAddress& address) {
  FetchSocket::Options options{address};
  options.max_frame = kMaxFrame;
  FetchSocket socket(options, Observer());
  while (true) {
    Wait(socket.fd(), kWork);
    while (const auto frame = socket.TryReceive()) {
      Say(frame->info().first_offset);
      Work(kWork);
      socket.Done(BatchOf(frame->info()));
    }
    socket.OnTick(Clock::now());
  }
}

void Acknowledge(const LinkAddress& address) {
  AckClient client(ToStderr(), address.keys);
  for (int64_t number = 0; stopped == 0; ++number) {
    client.Send(address.text, {AckKind::kAck, false, {"t", 0}, 0, {{number, number + 1}}});
    Say(number);
    client.Expire(Clock::now());
    std::this_thread::sleep_for(kBetweenAcknowledgements);
  }
  client.Close(kLongestSilence);
}

void Hear(const LinkAddress& address) {
  AckServer server(RuntimeDir(), RandomOrigin(), ToStderr(), address);
  while (true) {
    Wait(server.fd(), kWork);
    while (const auto message = server.TryReceive()) {
      Say(message->ranges.front().first);
      Work(milliseconds(0));
    }
  }
}

void Run(const std::string& end, const LinkAddress& address) {
  if (end == "push") return Push(address);
  if (end == "collect") return Collect(address);
  if (end == "serve") return Server(address).Run();
  if (end == "fetch") return Fetch(address);
  return end == "hear" ? Hear(address) : Acknowledge(address);
}

}  // namespace
}  // namespace rk

// In front of the library's: lib/link does not know of it.
extern "C" void* zmq_socket(void* context, int type) {
  using Make = void* (*)(void*, int);
  static const auto make = reinterpret_cast<Make>(dlsym(RTLD_NEXT, "zmq_socket"));
  void* socket = make(context, type);
  const auto set = [&](int option, int value) {
    (void)zmq_setsockopt(socket, option, &value, sizeof value);
  };
  if (rk::how == "heartbeats") {
    set(ZMQ_HEARTBEAT_IVL, rk::kHeartbeatMs);
    set(ZMQ_HEARTBEAT_TIMEOUT, rk::kHeartbeatTimeoutMs);
  } else if (rk::how == "timeout") {
    set(ZMQ_TCP_MAXRT, rk::kLongestUnansweredMs);
  }
  return socket;
}

int main(int argc, char** argv) {
  if (argc != 6) return 64;
  rk::how = argv[5];
  (void)std::signal(SIGTERM, [](int) { rk::stopped = 1; });
  (void)std::signal(SIGUSR1, [](int) { rk::busy = 1 - rk::busy; });
  try {
    rk::Run(argv[3], {argv[4], std::make_shared<rk::KeyFolder>(argv[2])});
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 70;
  }
  return 0;
}
