#include "lib/run/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>

#include <catch2/catch.hpp>

#include "lib/base/descriptor.h"
#include "tests/unit/link/test_directory.h"

namespace rk {
namespace {

using std::chrono::microseconds;

// A manager's socket, as systemd has it: datagrams, in the file system or (with '@') abstract.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (path[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    REQUIRE(bind(socket_.fd(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
  }

  // The next datagram; empty if there is none.
  std::string Next() const {
    std::array<char, 256> bytes;
    const ssize_t count = recv(socket_.fd(), bytes.data(), bytes.size(), 0);
    return count < 0 ? "" : std::string(bytes.data(), static_cast<size_t>(count));
  }

 private:
  Descriptor socket_;
};

TEST_CASE("the manager is told at its socket, one datagram a state") {
  const TestDirectory directory;
  const bool abstract = GENERATE(false, true);
  const std::string path = (abstract ? "@" : "") + directory.path() + "/notify";
  const TestEnvironment environment("NOTIFY_SOCKET", path);
  const NotifySocket socket(path);
  const SystemdNotifier manager;
  CHECK(socket.Next().empty());
  manager.Tell("READY=1");
  manager.Tell("STOPPING=1");
  CHECK(socket.Next() == "READY=1");
  CHECK(socket.Next() == "STOPPING=1");
  CHECK(socket.Next().empty());
}

TEST_CASE("without a manager, or with one that is gone, nothing happens") {
  const auto path =
      GENERATE(std::optional<std::string>(), "", "/no/such/socket", "/" + std::string(200, 'x'));
  const TestEnvironment environment("NOTIFY_SOCKET", path);
  CHECK_NOTHROW(SystemdNotifier().Tell("READY=1"));
}

TEST_CASE("a watchdog hears twice as often as it wants, if it means this process") {
  const TestEnvironment no_pid("WATCHDOG_PID", std::nullopt);
  {
    const TestEnvironment every("WATCHDOG_USEC", "3000000");
    CHECK(SystemdNotifier().watchdog() == microseconds(1'500'000));
    const TestEnvironment own("WATCHDOG_PID", std::to_string(getpid()));
    CHECK(SystemdNotifier().watchdog() == microseconds(1'500'000));
    const TestEnvironment other("WATCHDOG_PID", "1");
    CHECK(SystemdNotifier().watchdog() == std::nullopt);
  }
  for (const auto& value : {std::optional<std::string>(), std::optional<std::string>("0"),
                            std::optional<std::string>("often")}) {
    const TestEnvironment every("WATCHDOG_USEC", value);
    CHECK(SystemdNotifier().watchdog() == std::nullopt);
  }
}

}  // namespace
}  // namespace rk
