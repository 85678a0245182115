#include "lib/link/tcp_address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "lib/base/descriptor.h"
#include "lib/base/error.h"

namespace rk {
namespace {

constexpr std::string_view kScheme = "tcp://";
constexpr size_t kLongestHost = 253;  // of a name in the DNS
constexpr size_t kLongestLink = 32;

bool IsAmong(char byte, std::string_view others) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
         (byte >= 'A' && byte <= 'Z') || others.find(byte) != std::string_view::npos;
}

// Only as it is usually written, so that an address has one form.
std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || std::to_string(port) != text) return std::nullopt;
  return port;
}

bool IsIpv6(std::string_view host) {
  in6_addr ignored{};
  const std::string plain(host.substr(0, host.find('%')));
  return inet_pton(AF_INET6, plain.c_str(), &ignored) == 1;
}

// As an interface has it, without its zone.
std::string NumericHost(const sockaddr* address) {
  std::array<char, NI_MAXHOST> host{};
  const socklen_t size =
      address->sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  if (getnameinfo(address, size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST) != 0)
    return "";
  const std::string text = host.data();
  return text.substr(0, text.find('%'));
}

}  // namespace

std::string TcpAddress::text() const {
  const std::string machine = ipv6() ? "[" + host + "]" : host;
  return fmt::format("{}{}:{}{}{}", kScheme, machine, port, link.empty() ? "" : "/", link);
}

bool TcpAddress::loopback() const {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && std::ranges::count(host, '.') == 3 &&
          std::ranges::all_of(host, [](char byte) { return IsAmong(byte, ".") && byte < 'A'; }));
}

bool TcpAddress::any() const { return host == "0.0.0.0" || host == "::"; }

std::optional<TcpAddress> ParseTcpAddress(std::string_view text) {
  if (!text.starts_with(kScheme)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  const std::string_view link = text.substr(std::min(text.find('/'), text.size()));
  text.remove_suffix(link.size());
  if (!link.empty() && !IsLinkName(link.substr(1))) return std::nullopt;
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = ParsePort(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto of_host = [&](char byte) { return IsAmong(byte, bracketed ? ":.%-_" : ".-_"); };
  if (!port || host.empty() || host.size() > kLongestHost || !std::ranges::all_of(host, of_host) ||
      host.starts_with('.') || bracketed != IsIpv6(host))
    return std::nullopt;
  return TcpAddress{std::string(host), *port, std::string(link.substr(link.empty() ? 0 : 1))};
}

TcpAddress RequireTcpAddress(std::string_view text) {
  const auto address = ParseTcpAddress(text);
  if (address && address->link.empty()) return *address;
  throw Error(ErrorKind::kUsage,
              fmt::format("'{}' is not tcp://ADDRESS:PORT{}", text, WrongPort(text)));
}

std::string WrongPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (!text.starts_with(kScheme) || colon == kScheme.find(':')) return "";
  const std::string_view port = text.substr(colon + 1, text.find('/', colon) - colon - 1);
  const bool number = !port.empty() && port.find_first_not_of("0123456789") == port.npos;
  if (!number || ParsePort(port)) return "";
  return fmt::format(": {} is no port, which is a number up to 65535", port);
}

bool IsLinkName(std::string_view text) {
  return !text.empty() && text.size() <= kLongestLink &&
         std::ranges::all_of(text, [](char byte) { return IsAmong(byte, ".-_"); });
}

bool IsOfThisMachine(const std::string& host) {
  if (TcpAddress{host}.loopback() || TcpAddress{host}.any()) return true;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return false;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> all(first, freeifaddrs);
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    const int family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    if (NumericHost(one->ifa_addr) == host.substr(0, host.find('%'))) return true;
  }
  return false;
}

std::string LocalAddressTowards(const TcpAddress& peer) {
  const auto none = [&](const char* reason) {
    return Error(ErrorKind::kUnavailable, fmt::format("no way to {}: {}", peer.text(), reason));
  };
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;  // which sends nothing when it connects
  addrinfo* first = nullptr;
  const int failure =
      getaddrinfo(peer.host.c_str(), std::to_string(peer.port).c_str(), &hints, &first);
  if (failure != 0) throw none(gai_strerror(failure));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> found(first, freeaddrinfo);
  const Descriptor socket(::socket(first->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage local{};
  socklen_t size = sizeof local;
  if (socket.fd() < 0 || connect(socket.fd(), first->ai_addr, first->ai_addrlen) != 0 ||
      getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&local), &size) != 0)
    throw none(std::strerror(errno));
  return NumericHost(reinterpret_cast<sockaddr*>(&local));
}

}  // namespace rk
