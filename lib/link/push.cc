#include "lib/link/push.h"

#include <chrono>
#include <utility>

#include "lib/link/frame_message.h"

namespace rk {
namespace {

// To ask again: the collector may have been started anew since.
constexpr std::chrono::milliseconds kBetweenQuestions{200};

}  // namespace

PushSink::PushSink(const std::string& address, size_t max_frame, int hwm)
    : socket_(MakeFrameSocket(zmq::socket_type::dealer, max_frame, hwm)) {
  WithZmq("cannot connect to " + address, [&] {
    socket_.set(zmq::sockopt::immediate, true);  // nothing is queued for nobody
    socket_.connect(address);
  });
}

void PushSink::Send(const Frame& frame) {
  SendMessage(zmq::message_t(frame.bytes().data(), frame.bytes().size()));
}

void PushSink::Give(Frame frame) {
  SendMessage(std::move(FrameMessage(std::move(frame)).message()));
}

void PushSink::SendMessage(zmq::message_t message) {
  WithZmq("cannot send", [&] {
    while (zmq_msg_send(message.handle(), socket_.handle(), 0) < 0) {
      if (zmq_errno() != EINTR) throw zmq::error_t();
    }
  });
}

void PushSink::Finish(const Origin& /*origin*/) {
  zmq::message_t answer;
  do {
    TrySendPart(socket_, "", zmq::send_flags::none);
    zmq::pollitem_t item{socket_.handle(), 0, ZMQ_POLLIN, 0};
    WithZmq("cannot wait for the collector", [&] { zmq::poll(&item, 1, kBetweenQuestions); });
  } while (!TryReceivePart(socket_, answer));
}

}  // namespace rk
