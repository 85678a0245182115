#include "lib/run/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstring>

#include "lib/base/descriptor.h"
#include "lib/base/environment.h"

namespace rk {

SystemdNotifier::SystemdNotifier() : socket_(Environment("NOTIFY_SOCKET").value_or("")) {
  const std::string text = Environment("WATCHDOG_USEC").value_or("");
  const std::string pid = Environment("WATCHDOG_PID").value_or("");
  int64_t microseconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), microseconds);
  // Twice as often as it must be.
  if (microseconds > 0 && (pid.empty() || pid == std::to_string(getpid()))) {
    watchdog_ = std::chrono::microseconds(microseconds / 2);
  }
}

void SystemdNotifier::Tell(const std::string& state) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_[0] == '@') address.sun_path[0] = '\0';  // an abstract one
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  (void)sendto(socket.fd(), state.data(), state.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), length);
}

}  // namespace rk
