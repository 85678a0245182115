#include <deque>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/ack_channel.h"
#include "lib/link/ack_directory.h"
#include "lib/link/binding.h"
#include "lib/link/ipc_binding.h"
#include "lib/link/ready_fd.h"
#include "lib/link/transport.h"

namespace rk {
namespace {

constexpr size_t kMostPeers = 256;

// A peer that is worth remembering: a writer, or one whose nonsense was logged.
struct Peer {
  std::string id;
  bool writer = false;
  bool reported = false;
};

}  // namespace

class AckServer::Impl {
 public:
  Impl(const RuntimeDir& directory, const Origin& origin, Log log,
       const std::optional<LinkAddress>& tcp)
      : log_(std::move(log)), socket_(MakeSocket(zmq::socket_type::router)) {
    // So that a writer that is gone is found out by sending to it.
    socket_.set(zmq::sockopt::router_mandatory, true);
    RemoveDeadReaders(directory.path());
    binding_.emplace(socket_, AckPath(directory.path(), origin));
    endpoint_ = binding_->address();
    // After the other: what a socket on tcp:// needs is only for what it binds from then on.
    if (tcp) endpoint_ = tcp_.emplace(socket_, *tcp, log_).address();
    ready_.Watch(socket_);
  }

  ~Impl() { ready_.Unwatch(socket_); }

  const std::string& endpoint() const { return endpoint_; }
  int fd() const { return ready_.fd(); }

  std::optional<AckMessage> TryReceive() {
    zmq::message_t id;
    while (TryReceivePart(socket_, id)) {
      sender_ = id.to_string();
      std::optional<AckMessage> message = ReceiveFrom(sender_);
      if (message) return message;
    }
    ready_.NothingLeft();
    return std::nullopt;
  }

  const std::string& sender() const { return sender_; }

  void SendTo(const std::string& peer, const AckMessage& message) {
    Send(peer, message.Encode());
    ready_.Check(socket_);
  }

  void Broadcast(const AckMessage& message) {
    const std::string bytes = message.Encode();
    std::erase_if(peers_, [&](const Peer& peer) { return peer.writer && !Send(peer.id, bytes); });
    ready_.Check(socket_);
  }

 private:
  std::optional<AckMessage> ReceiveFrom(const std::string& id) {
    zmq::message_t payload;
    if (!TryReceivePart(socket_, payload)) return std::nullopt;
    const bool single = SkipToEndOfMessage(socket_, payload);
    try {
      if (!single) throw Error(ErrorKind::kBadData, "a message of several parts");
      AckMessage message = AckMessage::Decode(payload.to_string_view());
      if (message.kind != AckKind::kHello) return message;
      Remember(id).writer = true;
    } catch (const Error& error) {
      Report(Remember(id), error.what());
    }
    return std::nullopt;
  }

  bool Send(const std::string& id, std::string_view bytes) {
    return TrySendPart(socket_, id, zmq::send_flags::sndmore) &&
           TrySendPart(socket_, bytes, zmq::send_flags::none);
  }

  Peer& Remember(const std::string& id) {
    for (Peer& peer : peers_) {
      if (peer.id == id) return peer;
    }
    if (peers_.size() == kMostPeers) ForgetOne();
    return peers_.emplace_back(Peer{id});
  }

  // A writer that connects again is a new peer: its old self is found out first.
  void ForgetOne() {
    Broadcast(AckMessage{});
    if (peers_.size() == kMostPeers) peers_.pop_front();
  }

  void Report(Peer& peer, const char* reason) {
    if (peer.reported) return;
    peer.reported = true;
    log_(LogLevel::kWarning,
         fmt::format("dropped a message sent to {} (logged once per peer): {}", endpoint_, reason));
  }

  Log log_;
  std::string endpoint_;
  std::string sender_;
  LinkSocket socket_;
  std::optional<IpcBinding> binding_;
  std::optional<Binding> tcp_;
  ReadyFd ready_;
  std::deque<Peer> peers_;
};

AckServer::AckServer(const RuntimeDir& directory, const Origin& origin, Log log,
                     const std::optional<LinkAddress>& tcp)
    : impl_(std::make_unique<Impl>(directory, origin, std::move(log), tcp)) {}

AckServer::~AckServer() = default;

const std::string& AckServer::endpoint() const { return impl_->endpoint(); }

std::optional<AckMessage> AckServer::TryReceive() { return impl_->TryReceive(); }

const std::string& AckServer::sender() const { return impl_->sender(); }

void AckServer::SendTo(const std::string& peer, const AckMessage& message) {
  impl_->SendTo(peer, message);
}

void AckServer::Broadcast(const AckMessage& message) { impl_->Broadcast(message); }

int AckServer::fd() const { return impl_->fd(); }

}  // namespace rk
