#include "lib/link/bindable.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "lib/base/descriptor.h"
#include "lib/base/error.h"
#include "lib/link/tcp_address.h"

namespace rk {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Error Unbindable(ErrorKind kind, const std::string& address, const std::string& why) {
  return Error(kind, fmt::format("cannot bind {}: {}", address, why));
}

Addresses Resolve(const std::string& address, const TcpAddress& tcp) {
  addrinfo hints{};
  hints.ai_family = tcp.ipv6() ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure = getaddrinfo(tcp.host.c_str(), nullptr, &hints, &found);
  if (failure == 0) return {found, freeaddrinfo};
  const bool later = failure == EAI_AGAIN;
  throw Unbindable(later ? ErrorKind::kUnavailable : ErrorKind::kConfiguration, address,
                   fmt::format("{} has no address ({})", tcp.host, gai_strerror(failure)));
}

// ZeroMQ binds those of a network interface by its name.
bool IsInterface(const std::string& host) { return if_nametoindex(host.c_str()) != 0; }

}  // namespace

std::string NumericAddress(const std::string& address) {
  TcpAddress tcp = ParseTcpAddress(address).value_or(TcpAddress{});
  if (tcp.ipv6() || IsInterface(tcp.host)) return address;
  const Addresses found = Resolve(address, tcp);
  std::array<char, INET_ADDRSTRLEN> text{};
  const auto* ipv4 = reinterpret_cast<const sockaddr_in*>(found->ai_addr);
  inet_ntop(AF_INET, &ipv4->sin_addr, text.data(), text.size());
  tcp.host = text.data();
  return tcp.text();
}

// Tried at a port that nobody has, since at its own this same stage may be running. Ports that are
// not everybody's are tried themselves.
void RequireBindable(const std::string& address) {
  const TcpAddress tcp = ParseTcpAddress(address).value_or(TcpAddress{});
  if (IsInterface(tcp.host)) return;
  const Addresses found = Resolve(address, tcp);
  const Descriptor socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.fd() < 0) throw Unbindable(ErrorKind::kIo, address, std::strerror(errno));
  const auto refused = [&](uint16_t port) {
    // The two families have it in the same place.
    reinterpret_cast<sockaddr_in*>(found->ai_addr)->sin_port = htons(port);
    return bind(socket.fd(), found->ai_addr, found->ai_addrlen) != 0 ? errno : 0;
  };
  const int own = tcp.port < IPPORT_RESERVED ? refused(tcp.port) : 0;
  if (own == EACCES) {
    throw Unbindable(ErrorKind::kConfiguration, address,
                     fmt::format("this user may not have port {}: take one above {}", tcp.port,
                                 IPPORT_RESERVED - 1));
  }
  const int any = tcp.port < IPPORT_RESERVED ? own : refused(0);
  if (any == EADDRNOTAVAIL || any == EINVAL) {
    throw Unbindable(ErrorKind::kConfiguration, address,
                     fmt::format("{} is no address of this machine", tcp.host));
  }
}

}  // namespace rk
