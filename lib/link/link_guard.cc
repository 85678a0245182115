#include "lib/link/link_guard.h"

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/base/event_fd.h"
#include "lib/link/handshakes.h"
#include "lib/link/refusal_log.h"
#include "lib/link/tcp_address.h"
#include "lib/link/transport.h"

namespace rk {
namespace {

constexpr const char* kZapAddress = "inproc://zeromq.zap.01";  // RFC 27
constexpr int kZapEnforceDomain = 93;  // zmq.h names it only where drafts are built
constexpr int kEvents = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED |
                        ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

// All parts of the message that is there, if one is.
std::vector<std::string> TryReceiveParts(zmq::socket_t& socket) {
  std::vector<std::string> parts;
  zmq::message_t part;
  while (TryReceivePart(socket, part)) {
    parts.push_back(part.to_string());
    if (!part.more()) break;
  }
  return parts;
}

std::string PeerOf(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  std::array<char, NI_MAXHOST> host{};
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0 ||
      getnameinfo(reinterpret_cast<sockaddr*>(&peer), size, host.data(), host.size(), nullptr, 0,
                  NI_NUMERICHOST) != 0)
    return "unknown";  // it was gone before we looked
  return host.data();
}

// Gives the socket its keys.
void Arm(zmq::socket_t& socket, LinkGuard::Side side, const std::string& host,
         const KeyFolder& keys) {
  const bool binds = side == LinkGuard::Side::kBinds;
  socket.set(zmq::sockopt::curve_server, binds);
  socket.set(zmq::sockopt::curve_publickey, keys.own().public_key);
  socket.set(zmq::sockopt::curve_secretkey, keys.own().secret_key);
  if (!binds) return socket.set(zmq::sockopt::curve_serverkey, keys.KeyOf(host));
  socket.set(zmq::sockopt::zap_domain, keys.path());
  // Nobody is let in while nobody answers. Where ZeroMQ does not know that yet, it is the moment
  // between the guard's end and the socket's, who takes nothing any more.
  const int enforce = 1;
  (void)zmq_setsockopt(socket.handle(), kZapEnforceDomain, &enforce, sizeof enforce);
}

}  // namespace

struct LinkGuard::Watched {
  Side side;
  std::string address;
  std::shared_ptr<const KeyFolder> keys;
  Log log;
  LinkState* state;
  zmq::socket_t monitor;
  Handshakes handshakes{};
  RefusalLog refusals{};
  std::atomic<bool> given_up = false;
  int connection = -1;  ///< of one that connects: the descriptor of the last one

  void Refuse(const std::string& host, const std::string& reason) {
    const auto line = refusals.Refused(host, reason, RefusalLog::Clock::now());
    if (line) log(LogLevel::kWarning, fmt::format("{}: {}", address, *line));
  }

  void RefusedBy(const std::string& host, const std::string& reason) {
    if (state != nullptr) state->Failed(reason);
    Refuse(host, reason);
  }
};

// The process's thread for all of them, which is there while any is.
class LinkGuard::Watcher {
 public:
  static void Add(const std::shared_ptr<Watched>& watched) {
    const std::lock_guard lock(registry_mutex);
    if (!instance) instance = std::make_unique<Watcher>();
    {
      const std::lock_guard list(instance->mutex_);
      instance->all_.insert(watched);
    }
    instance->wake_.Set();
  }

  // Nothing of it is called any more once this has returned.
  static void Remove(const std::shared_ptr<Watched>& watched) {
    const std::lock_guard lock(registry_mutex);
    bool last = false;
    {
      const std::lock_guard list(instance->mutex_);
      instance->all_.erase(watched);
      last = instance->all_.empty();
    }
    instance->wake_.Set();
    if (last) instance.reset();
  }

  Watcher() : context_(ProcessContext()), zap_(*context_, zmq::socket_type::rep) {
    WithZmq("cannot listen for who comes in", [&] {
      zap_.set(zmq::sockopt::linger, 0);
      zap_.bind(kZapAddress);
    });
    thread_ = std::jthread([this](const std::stop_token& stop) { Loop(stop); });
  }
  ~Watcher() {
    thread_.request_stop();
    wake_.Set();
    thread_.join();
    // At once, and not when the socket is gone: the next one may be made right away.
    (void)zmq_unbind(zap_.handle(), kZapAddress);
  }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

 private:
  using All = std::set<std::shared_ptr<Watched>>;

  void Loop(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      // What is removed meanwhile lives on until its socket is not polled any more.
      All polled;
      {
        const std::lock_guard lock(mutex_);
        polled = all_;
      }
      std::vector<zmq::pollitem_t> items = {{nullptr, wake_.fd(), ZMQ_POLLIN, 0},
                                            {zap_.handle(), 0, ZMQ_POLLIN, 0}};
      for (const auto& one : polled) items.push_back({one->monitor.handle(), 0, ZMQ_POLLIN, 0});
      (void)zmq_poll(items.data(), static_cast<int>(items.size()), -1);
      wake_.Clear();
      const std::lock_guard lock(mutex_);
      for (const auto& one : all_) {
        if (polled.contains(one)) Hear(*one);
      }
      Answer();
    }
  }

  // ZeroMQ's question whether the holder of a key may come in.
  void Answer() {
    const std::vector<std::string> request = TryReceiveParts(zap_);
    if (request.empty()) return;
    const bool known = request.size() == 7 && request[5] == "CURVE" && MayComeIn(request);
    const std::string id = request.size() > 1 ? request[1] : "";
    const std::array<std::string, 6> answer = {
        "1.0", id, known ? "200" : "400", known ? "OK" : "no such key", "", ""};
    for (size_t i = 0; i < answer.size(); ++i) {
      TrySendPart(zap_, answer[i],
                  i + 1 < answer.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
    }
  }

  bool MayComeIn(const std::vector<std::string>& request) {
    const std::string& domain = request[2];
    const std::string& host = request[3];
    const std::string& key = request[6];
    std::array<char, 41> text{};
    if (key.size() != 32 ||
        zmq_z85_encode(text.data(), reinterpret_cast<const uint8_t*>(key.data()), key.size()) ==
            nullptr)
      return false;
    for (const auto& one : all_) {
      if (one->side != Side::kBinds || !one->keys || one->keys->path() != domain) continue;
      if (!one->keys->NamesOf(text.data()).empty()) return true;
      one->Refuse(host, fmt::format("refused a peer whose key is in no file of {}/peers", domain));
      return false;
    }
    return false;
  }

  static void Hear(Watched& watched) {
    for (auto parts = TryReceiveParts(watched.monitor); !parts.empty();
         parts = TryReceiveParts(watched.monitor)) {
      if (parts[0].size() != 6) continue;
      uint16_t event = 0;
      int32_t value = 0;
      std::memcpy(&event, parts[0].data(), sizeof event);
      std::memcpy(&value, parts[0].data() + sizeof event, sizeof value);
      watched.side == Side::kBinds ? HearOfPeer(watched, event, value)
                                   : HearOfServer(watched, event, value);
    }
  }

  static void HearOfPeer(Watched& watched, int event, int value) {
    if (event == ZMQ_EVENT_ACCEPTED) {
      watched.handshakes.Began(value, PeerOf(value));
    } else if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
      watched.handshakes.Succeeded();
    } else if (event == ZMQ_EVENT_DISCONNECTED) {
      if (const auto failed = watched.handshakes.Ended(value))
        watched.Refuse(failed->peer, "refused a peer that " + failed->reason);
    } else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
      watched.handshakes.Failed("");  // Answer() has said it
    } else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) {
      watched.handshakes.Failed(value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH
                                    ? "came without keys"
                                : value == ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC
                                    ? "expects another key than that of own.key here"
                                    : "did not speak as a stage does");
    } else {
      watched.handshakes.Failed("left before it had shown a key");
    }
  }

  // Says whether the event is one of a connection that did not fail in its handshake.
  static bool HearOfConnection(Watched& watched, int event, int value) {
    if (event == ZMQ_EVENT_CONNECTED) {
      watched.connection = value;
    } else if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
      if (watched.state != nullptr) watched.state->Connected();
    } else if (event == ZMQ_EVENT_DISCONNECTED) {
      // One that was given up for another may end long after that has begun.
      if (watched.state != nullptr && value == watched.connection) watched.state->Lost();
    } else {
      return false;
    }
    return true;
  }

  static void HearOfServer(Watched& watched, int event, int value) {
    if (HearOfConnection(watched, event, value)) return;
    const std::string host = ParseTcpAddress(watched.address).value_or(TcpAddress{}).host;
    const std::string folder = watched.keys ? watched.keys->path() : "DIR";
    if (!watched.keys) {
      watched.RefusedBy(host, "lets in only who has keys (--keys DIR), or is no stage");
    } else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) {
      watched.RefusedBy(
          host,
          fmt::format("hung up: its own.key may be another than {}/peers/{}.key", folder, host));
    } else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
      watched.RefusedBy(
          host,
          fmt::format("refuses this machine: it needs {}/own.key in its peers folder", folder));
    } else if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) {
      watched.RefusedBy(host, "is no stage with the key expected");
    } else {
      return;
    }
    watched.given_up = watched.given_up || event != ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
  }

  static inline std::mutex registry_mutex;
  static inline std::unique_ptr<Watcher> instance;

  std::shared_ptr<zmq::context_t> context_;
  zmq::socket_t zap_;
  EventFd wake_;
  std::mutex mutex_;  ///< guards what follows, and is held while anything is logged
  All all_;
  std::jthread thread_;
};

LinkGuard::LinkGuard(zmq::socket_t& socket, Side side, const std::string& address,
                     std::shared_ptr<const KeyFolder> keys, Log log, LinkState* state)
    : socket_(socket) {
  const TcpAddress tcp = ParseTcpAddress(address).value_or(TcpAddress{});
  WithZmq("cannot set up " + address, [&] {
    static std::atomic<uint64_t> number = 0;
    const std::string monitor = fmt::format("inproc://monitor-{}", number++);
    if (keys) Arm(socket, side, tcp.host, *keys);
    if (zmq_socket_monitor(socket.handle(), monitor.c_str(), kEvents) != 0) throw zmq::error_t();
    watched_ = std::shared_ptr<Watched>(
        new Watched{side, address, std::move(keys), std::move(log), state,
                    zmq::socket_t(*ProcessContext(), zmq::socket_type::pair)});
    watched_->monitor.connect(monitor);
  });
  Watcher::Add(watched_);
}

LinkGuard::~LinkGuard() {
  (void)zmq_socket_monitor(socket_.handle(), nullptr, 0);
  Watcher::Remove(watched_);
}

bool LinkGuard::TakeGivenUp() { return watched_->given_up.exchange(false); }

}  // namespace rk
