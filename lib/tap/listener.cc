#include "lib/tap/listener.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "lib/base/error.h"
#include "lib/tap/tap_copy.h"

namespace rk {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{500};
constexpr std::string_view kPrefix = "tap-";

// infer.0 of tap-infer.0-4711; nothing for other files.
std::optional<std::string> ReplicaOf(const std::string& name) {
  const size_t dash = name.rfind('-');
  if (!name.starts_with(kPrefix) || dash < kPrefix.size() ||
      name.rfind('.', dash) == std::string::npos)
    return std::nullopt;
  return name.substr(kPrefix.size(), dash - kPrefix.size());
}

std::string StageOf(const std::string& replica) { return replica.substr(0, replica.rfind('.')); }

Descriptor ConnectTo(const std::string& path, const std::string& request) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return {};
  std::memcpy(address.sun_path, path.data(), path.size());
  Descriptor connection(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (connection.fd() < 0 ||
      connect(connection.fd(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      send(connection.fd(), request.data(), request.size(), MSG_NOSIGNAL) < 0)
    return {};
  return connection;
}

template <typename Use>
void ForEachTap(const std::string& directory, Use&& use) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    if (const auto replica = ReplicaOf(entry.path().filename())) use(entry.path(), *replica);
  }
}

}  // namespace

TapListener::TapListener(std::string directory, std::string stage, TapRequest request)
    : directory_(std::move(directory)), stage_(std::move(stage)), request_(request) {}

void TapListener::Connect() {
  ForEachTap(directory_, [&](const std::string& path, const std::string& replica) {
    if (StageOf(replica) != stage_ || taps_.contains(path)) return;
    if (Descriptor tap = ConnectTo(path, request_.Text()); tap.fd() >= 0)
      taps_[path] = {replica, std::move(tap)};
  });
}

void TapListener::Listen(std::chrono::milliseconds longest, int wake_fd, const Take& take) {
  const auto now = std::chrono::steady_clock::now();
  if (now >= next_look_) {
    Connect();
    next_look_ = now + kBetweenLooks;
  }
  std::vector<pollfd> watched = {{wake_fd, POLLIN, 0}};
  std::vector<std::string> paths;
  for (const auto& [path, tap] : taps_) {
    watched.push_back({tap.second.fd(), POLLIN, 0});
    paths.push_back(path);
  }
  (void)poll(watched.data(), watched.size(),
             static_cast<int>(std::min(longest, kBetweenLooks).count()));
  for (size_t i = 0; i < paths.size(); ++i) {
    if (watched[i + 1].revents == 0) continue;
    const auto& [replica, connection] = taps_[paths[i]];
    Buffer bytes;
    const size_t room = TapCopy::kMostBytes * 2;
    const ssize_t count = recv(connection.fd(), bytes.Extend(room), room, MSG_DONTWAIT);
    if (count <= 0) {
      taps_.erase(paths[i]);
      continue;
    }
    bytes.Truncate(static_cast<size_t>(count));
    take(replica, Frame::Decode(std::move(bytes)));
  }
}

}  // namespace rk
