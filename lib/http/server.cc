#include "lib/http/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "lib/base/descriptor.h"
#include "lib/base/error.h"
#include "lib/base/event_fd.h"
#include "lib/http/connection.h"
#include "lib/http/token.h"

namespace rk {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBacklog = 128;
// While no descriptor is left for who waits to be accepted.
constexpr std::chrono::milliseconds kUntilDescriptors{100};

std::string UrlOf(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  char host[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
    return fmt::format("http://[{}]:{}/", host, ntohs(v6.sin6_port));
  }
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
  inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
  return fmt::format("http://{}:{}/", host, ntohs(v4.sin_port));
}

Descriptor Listen(const HttpAddress& address) {
  Descriptor listening(
      socket(address.socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int yes = 1;
  setsockopt(listening.fd(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool listens = listening.fd() >= 0 &&
                       bind(listening.fd(), reinterpret_cast<const sockaddr*>(&address.socket),
                            address.length) == 0 &&
                       listen(listening.fd(), kBacklog) == 0;
  if (listens) return listening;
  throw Error(ErrorKind::kUnavailable,
              fmt::format("cannot listen on {}: {}", address.text, std::strerror(errno)));
}

HttpAddress CheckedAddress(const HttpServer::Options& options) {
  HttpAddress address = ParseHttpAddress(options.address);
  if (address.is_loopback || !options.token_file.empty()) return address;
  throw Error(
      ErrorKind::kConfiguration,
      fmt::format("{} can be reached from other machines: give --http-token-file, or listen "
                  "on 127.0.0.1",
                  options.address));
}

}  // namespace

// The server's thread, and what others may do to it: set the events and the flag.
class HttpServer::Loop {
 public:
  Loop(const Options& options, Answer answer, Event event, Log log)
      : log_(std::move(log)),
        answer_(std::move(answer), options.token_file.empty() ? "" : ReadToken(options.token_file)),
        event_(std::move(event)),
        listening_(Listen(CheckedAddress(options))),
        url_(UrlOf(listening_.fd())),
        thread_([this] { Run(); }) {}

  ~Loop() {
    stop_ = true;
    wake_.Set();
    thread_.join();
  }

  const std::string& url() const { return url_; }

  void Publish() {
    published_ = true;
    wake_.Set();
  }

 private:
  void Run() {
    while (!stop_) {
      try {
        Turn();
      } catch (const std::exception& error) {
        log_(LogLevel::kWarning, fmt::format("http: {}", error.what()));
        connections_.clear();
      }
    }
  }

  void Turn() {
    std::vector<pollfd> watched = {
        {wake_.fd(), POLLIN, 0}, {Clock::now() < accepts_from_ ? -1 : listening_.fd(), POLLIN, 0}};
    for (const Connection& connection : connections_) watched.push_back(connection.Watched());
    (void)poll(watched.data(), watched.size(), Timeout());
    const auto now = Clock::now();
    for (size_t i = 0; i < connections_.size(); ++i) {
      if (watched[i + 2].revents != 0) Serve(connections_[i], now);
    }
    wake_.Clear();
    if (published_.exchange(false)) Stream(now);
    if (watched[1].revents != 0) Accept(now);
    std::erase_if(connections_, [&](const Connection& one) { return one.IsOver(now); });
  }

  int Timeout() const {
    auto due = Clock::now() + std::chrono::seconds(1);
    for (const Connection& connection : connections_) due = std::min(due, connection.deadline());
    if (accepts_from_ > Clock::now()) due = std::min(due, accepts_from_);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now());
    return static_cast<int>(std::max<int64_t>(left.count(), 0));
  }

  void Serve(Connection& connection, Clock::time_point now) {
    const auto request = connection.Go(now);
    if (!request) return;
    const size_t streams = static_cast<size_t>(
        std::ranges::count_if(connections_, [](const Connection& one) { return one.streams(); }));
    connection.Answer(request->refusal ? HttpAnswering::Refuse(*request->refusal)
                                       : answer_.To(*request->request, streams < kMostStreams),
                      now);
    if (connection.streams()) connection.Send(EventText(), now);
  }

  std::string EventText() const { return fmt::format("data: {}\n\n", event_()); }

  void Stream(Clock::time_point now) {
    std::string text;  // made once, and only for somebody
    for (Connection& connection : connections_) {
      if (!connection.streams()) continue;
      if (text.empty()) text = EventText();
      connection.Send(text, now);
    }
  }

  void Accept(Clock::time_point now) {
    for (size_t count = 0; count < kMostConnections; ++count) {
      const int fd = accept4(listening_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE) accepts_from_ = now + kUntilDescriptors;
        return;
      }
      if (connections_.size() >= kMostConnections) GiveWay();
      connections_.emplace_back(Descriptor(fd), now);
      Serve(connections_.back(), now);  // most have said already what they want
    }
  }

  // The oldest of those that are no stream: first of those that have not said what they want.
  void GiveWay() {
    const auto first = std::ranges::min_element(connections_, {},
                                                [](const Connection& one) { return one.rank(); });
    connections_.erase(first);
  }

  Log log_;
  HttpAnswering answer_;
  Event event_;
  Descriptor listening_;
  std::string url_;
  EventFd wake_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> published_ = false;
  std::vector<Connection> connections_;  ///< in the order they came
  Clock::time_point accepts_from_{};
  std::thread thread_;
};

HttpServer::HttpServer(const Options& options, Answer answer, Event event, Log log)
    : loop_(std::make_unique<Loop>(options, std::move(answer), std::move(event), std::move(log))) {}

HttpServer::~HttpServer() = default;

const std::string& HttpServer::url() const { return loop_->url(); }

void HttpServer::Publish() { loop_->Publish(); }

void CheckHttpOptions(const HttpServer::Options& options) {
  (void)CheckedAddress(options);
  if (!options.token_file.empty()) (void)ReadToken(options.token_file);
}

}  // namespace rk
