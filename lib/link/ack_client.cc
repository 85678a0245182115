#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/ack_channel.h"
#include "lib/link/endpoint.h"
#include "lib/link/ready_fd.h"
#include "lib/link/socket_file.h"
#include "lib/link/transport.h"

namespace rk {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostConnections = 64;
constexpr std::chrono::seconds kLongestIdle{60};

std::string PathOf(const std::string& endpoint) {
  if (auto path = IpcPath(endpoint)) return *std::move(path);
  throw Error(ErrorKind::kBadData, fmt::format("a frame's acknowledgement endpoint '{}' is not "
                                               "ipc:// and an absolute path of at most {} bytes",
                                               endpoint, Endpoint::kLongestPath));
}

struct Connection {
  LinkSocket socket;
  Clock::time_point last_used;
  bool reported = false;  // its nonsense was logged
};

}  // namespace

class AckClient::Impl {
 public:
  explicit Impl(Log log) : log_(std::move(log)) {}

  ~Impl() {
    while (!connections_.empty()) Drop(connections_.begin());
  }

  int fd() const { return ready_.fd(); }

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
      it = now - it->second.last_used >= kLongestIdle ? Drop(it) : std::next(it);
    }
  }

  void Close(std::chrono::milliseconds timeout) {
    for (auto& [endpoint, connection] : connections_) {
      const bool worth_waiting = IsLive(PathOf(endpoint));
      connection.socket.set(zmq::sockopt::linger,
                            worth_waiting ? static_cast<int>(timeout.count()) : 0);
    }
    while (!connections_.empty()) Drop(connections_.begin());
  }

 private:
  using Connections = std::map<std::string, Connection>;

  Connections::iterator Connect(const std::string& endpoint) {
    PathOf(endpoint);
    if (connections_.size() == kMostConnections) DropLeastRecentlyUsed();
    LinkSocket socket = MakeSocket(zmq::socket_type::dealer);
    WithZmq("cannot connect to " + endpoint, [&] { socket.connect(endpoint); });
    ready_.Watch(socket);
    TrySendPart(socket, AckMessage{}.Encode(), zmq::send_flags::none);
    return connections_.emplace(endpoint, Connection{std::move(socket), {}}).first;
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

  std::optional<AckMessage> Understand(const std::string& endpoint, Connection& connection,
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
  Connections connections_;
  ReadyFd ready_;
};

AckClient::AckClient(Log log) : impl_(std::make_unique<Impl>(std::move(log))) {}

AckClient::~AckClient() = default;

void AckClient::Send(const std::string& endpoint, const AckMessage& message) {
  impl_->Send(endpoint, message);
}

std::optional<AckClient::Incoming> AckClient::TryReceive() { return impl_->TryReceive(); }

int AckClient::fd() const { return impl_->fd(); }

void AckClient::Expire(std::chrono::steady_clock::time_point now) { impl_->Expire(now); }

void AckClient::Close(std::chrono::milliseconds timeout) { impl_->Close(timeout); }

}  // namespace rk
