#include "lib/link/push.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/frame_message.h"

namespace rk {
namespace {

// To ask again: the collector may have been started anew since.
constexpr std::chrono::milliseconds kBetweenQuestions{200};
// Whether a drain was asked for.
constexpr std::chrono::milliseconds kBetweenLooks{100};

}  // namespace

PushSink::PushSink(std::string address, size_t max_frame, int hwm, std::function<bool()> draining)
    : address_(std::move(address)),
      draining_(std::move(draining)),
      socket_(MakeFrameSocket(zmq::socket_type::dealer, max_frame, hwm)) {
  WithZmq("cannot connect to " + address_, [&] {
    socket_.set(zmq::sockopt::immediate, true);  // nothing is queued for nobody
    socket_.connect(address_);
  });
}

void PushSink::Send(const Frame& frame) {
  SendMessage(zmq::message_t(frame.bytes().data(), frame.bytes().size()));
}

void PushSink::Give(Frame frame) {
  SendMessage(std::move(FrameMessage(std::move(frame)).message()));
}

void PushSink::SendMessage(zmq::message_t message) {
  while (!TrySendMessage(socket_, message)) {
    if (draining_() && !sent_) {
      throw Error(ErrorKind::kTryAgain,
                  fmt::format("nobody collects on {}: what is unacknowledged is read again at the "
                              "next start",
                              address_));
    }
    WaitFor(ZMQ_POLLOUT, kBetweenLooks);
  }
  sent_ = true;
}

void PushSink::Finish(const Origin& /*origin*/) {
  if (!sent_) return;
  zmq::message_t answer;
  do {
    TrySendPart(socket_, "", zmq::send_flags::none);
    WaitFor(ZMQ_POLLIN, kBetweenQuestions);
  } while (!TryReceivePart(socket_, answer));
}

void PushSink::WaitFor(short events, std::chrono::milliseconds timeout) {
  zmq::pollitem_t item{socket_.handle(), 0, events, 0};
  (void)zmq_poll(&item, 1, timeout.count());  // an error, an interruption, is found by who waits
}

}  // namespace rk
