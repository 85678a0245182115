#include "lib/link/push.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/cuts.h"
#include "lib/link/endpoint.h"
#include "lib/link/frame_message.h"
#include "lib/link/tcp_address.h"

namespace rk {
namespace {

using Clock = std::chrono::steady_clock;

// To ask again: the collector may have been started anew since.
constexpr std::chrono::milliseconds kBetweenQuestions{200};
// Whether a drain was asked for.
constexpr std::chrono::milliseconds kBetweenLooks{100};
// Of a collector on another machine, for one that leaves.
constexpr std::chrono::milliseconds kLongestAbsence{2000};

LinkSocket MakeDealer(size_t max_frame, int hwm) {
  LinkSocket socket = MakeFrameSocket(zmq::socket_type::dealer, max_frame, hwm);
  WithZmq("cannot set up a link", [&] {
    socket.set(zmq::sockopt::immediate, true);  // nothing is queued for nobody
  });
  return socket;
}

}  // namespace

PushSink::PushSink(LinkAddress address, size_t max_frame, int hwm, std::function<bool()> draining,
                   Log log)
    : address_(address.text),
      host_(ParseTcpAddress(address.text).value_or(TcpAddress{}).host),
      cuts_(CutsFrom(host_)),
      draining_(std::move(draining)),
      socket_(MakeDealer(max_frame, hwm)),
      connection_(socket_, std::move(address), std::move(log)) {}

void PushSink::Send(const Frame& frame) {
  SendMessage(zmq::message_t(frame.bytes().data(), frame.bytes().size()));
}

void PushSink::Give(Frame frame) {
  SendMessage(std::move(FrameMessage(std::move(frame)).message()));
}

void PushSink::SendMessage(zmq::message_t message) {
  LookAfterConnection();
  while (!TrySendMessage(socket_, message)) {
    if (draining_() && !sent_) {
      throw Error(ErrorKind::kTryAgain,
                  fmt::format("nobody collects on {}: what is unacknowledged is read again at the "
                              "next start",
                              address_));
    }
    WaitFor(ZMQ_POLLOUT, kBetweenLooks);
    LookAfterConnection();
  }
  sent_ = true;
}

// The fetcher that noted a cut has its server ask the readers for all that is in flight, so what
// may be lost here comes again (docs/architecture.md, Between machines).
void PushSink::LookAfterConnection() {
  connection_.Renew();
  if (const uint64_t cuts = CutsFrom(host_); std::exchange(cuts_, cuts) != cuts) {
    connection_.Reconnect();
  }
}

void PushSink::Finish(const Origin& /*origin*/) {
  if (!sent_) return;
  const bool elsewhere = !IpcPath(address_);
  auto there = Clock::now();
  zmq::message_t answer;
  do {
    if (TrySendPart(socket_, "", zmq::send_flags::none)) there = Clock::now();
    // The machine with the ends has gone, and outlives nobody else: its readers know what is done.
    if (elsewhere && Clock::now() - there > kLongestAbsence) return;
    WaitFor(ZMQ_POLLIN, kBetweenQuestions);
  } while (!TryReceivePart(socket_, answer));
}

void PushSink::WaitFor(int16_t events, std::chrono::milliseconds timeout) {
  zmq::pollitem_t item{socket_.handle(), 0, events, 0};
  (void)zmq_poll(&item, 1, timeout.count());  // an error, an interruption, is found by who waits
}

}  // namespace rk
