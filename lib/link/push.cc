#include "lib/link/push.h"

#include <chrono>
#include <utility>

#include "lib/link/frame_message.h"
#include "lib/link/zmq_socket.h"

namespace rk {
namespace {

// To ask again: the collector may have been started anew since.
constexpr std::chrono::milliseconds kBetweenQuestions{200};

}  // namespace

PushSink::PushSink(const std::string& address, size_t max_frame, int hwm)
    : socket_(MakeFrameSocket(context_, zmq::socket_type::dealer, max_frame, hwm)) {
  WithZmq("cannot connect to " + address, [&] {
    socket_.set(zmq::sockopt::immediate, true);  // nothing is queued for nobody
    socket_.connect(address);
  });
}

void PushSink::Send(const Frame& frame) { SendMessage(socket_, frame.bytes()); }

void PushSink::Give(Frame frame) { SendMessage(socket_, ToMessage(std::move(frame))); }

void PushSink::Finish(const Origin& /*origin*/) {
  zmq::message_t answer;
  do {
    TrySendPart(socket_, "", zmq::send_flags::none);
    zmq::pollitem_t item{socket_.handle(), 0, ZMQ_POLLIN, 0};
    WithZmq("cannot wait for the collector", [&] { zmq::poll(&item, 1, kBetweenQuestions); });
  } while (!TryReceivePart(socket_, answer));
}

}  // namespace rk
