#include "lib/link/push.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/cuts.h"
#include "lib/link/endpoint.h"
#include "lib/link/frame_message.h"
#include "lib/link/link_name.h"
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
                   LinkObserver observer)
    : address_(std::move(address)),
      host_(ParseTcpAddress(address_.text).value_or(TcpAddress{}).host),
      cuts_(CutsFrom(host_)),
      draining_(std::move(draining)),
      observer_(std::move(observer)),
      socket_(MakeDealer(max_frame, hwm)) {
  if (!IpcPath(address_.text))
    state_.emplace(address_.text, LinkState::Peer::kListens, observer_.waits);
  connection_.emplace(socket_, address_, observer_.log, state_ ? &*state_ : nullptr);
}

void PushSink::Send(const Frame& frame) {
  SendMessage(zmq::message_t(frame.bytes().data(), frame.bytes().size()));
}

void PushSink::Give(Frame frame) {
  SendMessage(std::move(FrameMessage(std::move(frame)).message()));
}

void PushSink::SendMessage(zmq::message_t message) {
  while (HearAnswer()) continue;
  LookAfterConnection();
  while (!TrySend(message)) {
    if (draining_() && !sent_) {
      throw Error(ErrorKind::kTryAgain,
                  fmt::format("nobody collects on {}: what is unacknowledged is read again at the "
                              "next start",
                              address_.text));
    }
    WaitFor(ZMQ_POLLOUT, kBetweenLooks);
    LookAfterConnection();
  }
  sent_ = true;
}

// The fetcher that noted a cut has its server ask the readers for all that is in flight, so what
// may be lost here comes again (docs/architecture.md, Between machines).
void PushSink::LookAfterConnection() {
  connection_->Renew();
  if (const uint64_t cuts = CutsFrom(host_); std::exchange(cuts_, cuts) != cuts) {
    connection_->Reconnect();
  }
}

// Both parts or none go on the same connection, and a tail that gets lost with it is the frame.
bool PushSink::TrySend(zmq::message_t& message) {
  if (!address_.link.empty() &&
      !TrySendPart(socket_, LinkMark(address_.link), zmq::send_flags::sndmore))
    return false;
  return TrySendMessage(socket_, message);
}

// False if there is none. Who takes a frame for another link's says so.
bool PushSink::HearAnswer() {
  zmq::message_t answer;
  if (!TryReceivePart(socket_, answer)) return false;
  const auto link = LinkRefused(answer.to_string_view());
  if (!link) {
    finished_ = answer.size() == 0;
    return true;
  }
  const std::string reason = WrongLink(address_.link, *link);
  if (state_) state_->Refused(reason);
  const auto line = refusals_.Refused(host_, reason, Clock::now());
  if (line) observer_.log(LogLevel::kWarning, fmt::format("{}: {}", address_.text, *line));
  return true;
}

void PushSink::Finish(const Origin& /*origin*/) {
  if (!sent_) return;
  const bool elsewhere = !IpcPath(address_.text);
  auto there = Clock::now();
  while (!finished_) {
    if (TrySendPart(socket_, "", zmq::send_flags::none)) there = Clock::now();
    // The machine with the ends has gone, and outlives nobody else: its readers know what is done.
    if (elsewhere && Clock::now() - there > kLongestAbsence) return;
    WaitFor(ZMQ_POLLIN, kBetweenQuestions);
    while (!finished_ && HearAnswer()) continue;
  }
}

void PushSink::WaitFor(int16_t events, std::chrono::milliseconds timeout) {
  zmq::pollitem_t item{socket_.handle(), 0, events, 0};
  (void)zmq_poll(&item, 1, timeout.count());  // an error, an interruption, is found by who waits
}

}  // namespace rk
