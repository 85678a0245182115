#include "lib/http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

// -1 for what is none.
int ToPort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return -1;
  return port;
}

bool TakeV4(const std::string& host, uint16_t port, HttpAddress& address) {
  sockaddr_in found{};
  if (inet_pton(AF_INET, host.c_str(), &found.sin_addr) != 1) return false;
  found.sin_family = AF_INET;
  found.sin_port = htons(port);
  std::memcpy(&address.socket, &found, sizeof found);
  address.length = sizeof found;
  address.is_loopback = ntohl(found.sin_addr.s_addr) >> 24 == 127;
  return true;
}

bool TakeV6(const std::string& host, uint16_t port, HttpAddress& address) {
  sockaddr_in6 found{};
  if (inet_pton(AF_INET6, host.c_str(), &found.sin6_addr) != 1) return false;
  found.sin6_family = AF_INET6;
  found.sin6_port = htons(port);
  std::memcpy(&address.socket, &found, sizeof found);
  address.length = sizeof found;
  address.is_loopback =
      std::memcmp(&found.sin6_addr, &in6addr_loopback, sizeof in6addr_loopback) == 0;
  return true;
}

}  // namespace

HttpAddress ParseHttpAddress(const std::string& text) {
  HttpAddress address;
  address.text = text;
  const size_t colon = text.rfind(':');
  const int port = colon == std::string::npos ? -1 : ToPort(text.substr(colon + 1));
  std::string host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  const bool known = port >= 0 && (bracketed ? TakeV6(host, static_cast<uint16_t>(port), address)
                                             : TakeV4(host, static_cast<uint16_t>(port), address));
  if (known) return address;
  throw Error(
      ErrorKind::kConfiguration,
      fmt::format("{} is not an address to listen on: write 127.0.0.1:9464, [::1]:9464, or, "
                  "for other machines, 0.0.0.0:9464",
                  text));
}

}  // namespace rk
