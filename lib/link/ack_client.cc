#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/ack_channel.h"
#include "lib/link/connection.h"
#include "lib/link/endpoint.h"
#include "lib/link/ready_fd.h"
#include "lib/link/socket_file.h"
#include "lib/link/tcp_address.h"
#include "lib/link/transport.h"

namespace rk {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostConnections = 64;
constexpr std::chrono::seconds kLongestIdle{60};

void RequireEndpoint(const std::string& endpoint) {
  if (IpcPath(endpoint) || ParseTcpAddress(endpoint)) return;
  throw Error(
      ErrorKind::kBadData,
      fmt::format("a frame's acknowledgement endpoint '{}' is neither ipc:// and an absolute "
                  "path of at most {} bytes nor tcp://HOST:PORT",
                  endpoint, Endpoint::kLongestPath));
}

// What closing a connection to it may wait for: that of another machine, as long as it takes.
bool MayBeLive(const std::string& endpoint) {
  const auto path = IpcPath(endpoint);
  return !path || IsLive(*path);
}

struct Reader {
  LinkSocket socket;
  std::unique_ptr<Connection> connection;
  Clock::time_point last_used{};
  bool reported = false;  // its nonsense was logged
};

}  // namespace

class AckClient::Impl {
 public:
  Impl(Log log, std::shared_ptr<const KeyFolder> keys)
      : log_(std::move(log)), keys_(std::move(keys)) {}

  ~Impl() {
    while (!connections_.empty()) Drop(connections_.begin());
  }

  int fd() const { return ready_.fd(); }

  bool Reaches(const std::string& endpoint) const {
    if (IpcPath(endpoint)) return true;
    const auto tcp = ParseTcpAddress(endpoint);
    if (!tcp || !keys_) return tcp && tcp->loopback();
    try {
      return !keys_->KeyOf(tcp->host).empty();
    } catch (const Error&) {
      return false;
    }
  }

  void Send(const std::string& endpoint, const AckMessage& message) {
    auto found = connections_.find(endpoint);
    if (found == connections_.end()) found = Connect(endpoint);
    found->second.last_used = Clock::now();
    TrySendPart(found->second.socket, message.Encode(), zmq::send_flags::none);
    ready_.Check(found->second.socket);
  }

  std::optional<Incoming> TryReceive() {
    for (auto& [endpoint, connection] : connections_) {
      zmq::message_t payload;
      while (TryReceivePart(connection.socket, payload)) {
        std::optional<AckMessage> message = Understand(endpoint, connection, payload);
        if (message) return Incoming{endpoint, std::move(*message)};
      }
    }
    ready_.NothingLeft();
    return std::nullopt;
  }

  void Expire(Clock::time_point now) {
    for (auto it = connections_.begin(); it != connections_.end();) {
      it->second.connection->Renew();
      it = now - it->second.last_used >= kLongestIdle ? Drop(it) : std::next(it);
    }
  }

  void Close(std::chrono::milliseconds timeout) {
    for (auto& [endpoint, connection] : connections_) {
      connection.socket.set(zmq::sockopt::linger,
                            MayBeLive(endpoint) ? static_cast<int>(timeout.count()) : 0);
    }
    while (!connections_.empty()) Drop(connections_.begin());
  }

 private:
  using Connections = std::map<std::string, Reader>;

  Connections::iterator Connect(const std::string& endpoint) {
    RequireEndpoint(endpoint);
    if (connections_.size() == kMostConnections) DropLeastRecentlyUsed();
    const auto added = connections_.try_emplace(endpoint).first;
    Reader& reader = added->second;
    try {
      reader.socket = MakeSocket(zmq::socket_type::dealer);
      reader.connection =
          std::make_unique<Connection>(reader.socket, LinkAddress(endpoint, keys_), log_);
      ready_.Watch(reader.socket);
    } catch (...) {
      connections_.erase(added);
      throw;
    }
    TrySendPart(reader.socket, AckMessage{}.Encode(), zmq::send_flags::none);
    return added;
  }

  Connections::iterator Drop(Connections::iterator it) {
    ready_.Unwatch(it->second.socket);
    return connections_.erase(it);
  }

  void DropLeastRecentlyUsed() {
    Drop(std::min_element(
        connections_.begin(), connections_.end(),
        [](const auto& a, const auto& b) { return a.second.last_used < b.second.last_used; }));
  }

  std::optional<AckMessage> Understand(const std::string& endpoint, Reader& connection,
                                       const zmq::message_t& payload) {
    const bool single = SkipToEndOfMessage(connection.socket, payload);
    try {
      if (!single) throw Error(ErrorKind::kBadData, "a message of several parts");
      AckMessage message = AckMessage::Decode(payload.to_string_view());
      const bool for_writers = message.kind == AckKind::kFence || message.kind == AckKind::kGrant ||
                               message.kind == AckKind::kGroup;
      if (for_writers) return message;
    } catch (const Error& error) {
      if (!std::exchange(connection.reported, true)) {
        log_(LogLevel::kWarning, fmt::format("dropped a message from {} (logged only once): {}",
                                             endpoint, error.what()));
      }
    }
    return std::nullopt;
  }

  Log log_;
  std::shared_ptr<const KeyFolder> keys_;
  Connections connections_;
  ReadyFd ready_;
};

AckClient::AckClient(Log log, std::shared_ptr<const KeyFolder> keys)
    : impl_(std::make_unique<Impl>(std::move(log), std::move(keys))) {}

AckClient::~AckClient() = default;

bool AckClient::Reaches(const std::string& endpoint) const { return impl_->Reaches(endpoint); }

void AckClient::Send(const std::string& endpoint, const AckMessage& message) {
  impl_->Send(endpoint, message);
}

std::optional<AckClient::Incoming> AckClient::TryReceive() { return impl_->TryReceive(); }

int AckClient::fd() const { return impl_->fd(); }

void AckClient::Expire(std::chrono::steady_clock::time_point now) { impl_->Expire(now); }

void AckClient::Close(std::chrono::milliseconds timeout) { impl_->Close(timeout); }

}  // namespace rk
