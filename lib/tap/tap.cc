#include "lib/tap/tap.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/socket_file.h"

namespace rk {
namespace {

constexpr int kRequestPatienceMs = 1000;
constexpr int kBacklog = 8;

Descriptor Listen(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  Descriptor listening(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (path.size() >= sizeof(address.sun_path)) errno = ENAMETOOLONG;
  if (listening.fd() >= 0 && path.size() < sizeof(address.sun_path)) {
    std::memcpy(address.sun_path, path.data(), path.size());
    if (IsSocket(path)) unlink(path.c_str());  // of a process that had our id, and was killed
    if (bind(listening.fd(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
        listen(listening.fd(), kBacklog) == 0)
      return listening;
  }
  throw Error(ErrorKind::kIo, fmt::format("tap {}: {}", path, std::strerror(errno)));
}

bool IsOurs(int connection) {
  ucred peer = {};
  socklen_t length = sizeof(peer);
  return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
         peer.uid == geteuid();
}

std::optional<TapRequest> ReadRequest(int connection) {
  pollfd waiting{connection, POLLIN, 0};
  if (poll(&waiting, 1, kRequestPatienceMs) <= 0) return std::nullopt;
  std::array<char, 128> text;
  const ssize_t count = recv(connection, text.data(), text.size(), MSG_DONTWAIT);
  if (count <= 0) return std::nullopt;
  return TapRequest::Parse({text.data(), static_cast<size_t>(count)});
}

}  // namespace

std::string TapPath(const std::string& directory, const std::string& stage, size_t replica,
                    int pid) {
  return fmt::format("{}/tap-{}.{}-{}", directory, stage, replica, pid);
}

Tap::Tap(std::string path) : path_(std::move(path)), socket_(Listen(path_)) {
  thread_ = std::thread([this] { Run(); });
}

Tap::~Tap() {
  stop_.Set();
  thread_.join();
  unlink(path_.c_str());
}

void Tap::Copy(const Frame& frame) {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  for (Listener& listener : listeners_) {
    const auto copy = listener.copy.Take(frame, now);
    if (!copy || listener.gone) continue;
    const std::string_view bytes = copy->bytes();
    const ssize_t sent =
        send(listener.connection.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    listener.gone = sent < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EMSGSIZE;
  }
}

void Tap::Run() {
  while (true) {
    std::vector<pollfd> watched = {{stop_.fd(), POLLIN, 0}, {socket_.fd(), POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      // A listener that says something more has left, or does not know how to listen.
      for (const Listener& one : listeners_)
        watched.push_back({one.connection.fd(), POLLIN | POLLRDHUP, 0});
    }
    (void)poll(watched.data(), watched.size(), -1);
    if (watched[0].revents != 0) return;
    {
      const std::lock_guard lock(mutex_);
      for (size_t i = 2; i < watched.size(); ++i)
        listeners_[i - 2].gone = listeners_[i - 2].gone || watched[i].revents != 0;
    }
    DropGone();
    if (watched[1].revents != 0) Accept();
  }
}

void Tap::Accept() {
  Descriptor connection(accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  if (connection.fd() < 0 || !IsOurs(connection.fd())) return;
  const auto request = ReadRequest(connection.fd());
  const std::lock_guard lock(mutex_);
  if (!request || listeners_.size() == kMostListeners) return;
  listeners_.push_back(
      {std::move(connection), TapCopy(*request, std::chrono::steady_clock::now()), false});
  heard_ = true;
}

void Tap::DropGone() {
  const std::lock_guard lock(mutex_);
  std::erase_if(listeners_, [](const Listener& one) { return one.gone; });
  heard_ = !listeners_.empty();
}

}  // namespace rk
