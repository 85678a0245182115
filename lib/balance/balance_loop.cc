#include "lib/balance/balance_loop.h"

#include <poll.h>

#include <array>
#include <utility>

namespace rk {
namespace {

using Clock = FrameServer::Clock;

// In one go, so that those who ask are heard while many small frames come.
constexpr int kMostFrames = 16;

// True if there may be more.
bool TakeFrames(MessageSource& source, FrameServer& server, const BalanceDuties& duties) {
  for (int taken = 0; taken < kMostFrames; ++taken) {
    if (!server.HasRoom()) return false;
    auto frame = source.TryReceive();
    if (!frame) return false;
    const HeldRange batch = BatchOf(frame->info());
    duties.received(frame->record_count());
    server.Add(*std::move(frame), Clock::now());
    source.Done(batch);
  }
  return true;
}

void Wait(const MessageSource& source, const FrameServer& server, const BalanceDuties& duties,
          std::chrono::milliseconds timeout) {
  const int input = server.HasRoom() && !source.ended() ? source.fd() : -1;
  std::array<pollfd, 3> watched{
      {{input, POLLIN, 0}, {server.fd(), POLLIN, 0}, {duties.fd, POLLIN, 0}}};
  const int ready = poll(watched.data(), watched.size(), static_cast<int>(timeout.count()));
  if (ready > 0 && watched[2].revents != 0) duties.on_readable();
}

}  // namespace

void RunBalance(MessageSource& source, FrameServer& server, const BalanceDuties& duties) {
  Clock::time_point next_tick;
  while (true) {
    if (duties.draining()) source.Leave();
    const bool more = TakeFrames(source, server, duties);
    const Clock::time_point now = Clock::now();
    server.Serve(now);
    if (now >= next_tick) {
      source.OnTick(now);
      next_tick = now + FrameServer::kBetweenTicks;
    }
    if (source.ended() && server.Idle()) return;
    if (source.ended() && duties.draining() && server.nobody_came()) throw server.NobodyCame();
    Wait(source, server, duties, more ? std::chrono::milliseconds(0) : FrameServer::kBetweenTicks);
  }
}

}  // namespace rk
