#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rk {

/// HOST:PORT of `tcp://HOST:PORT`. An IPv6 address stands in brackets there, and without them here.
struct TcpAddress {
  std::string host;
  uint16_t port = 0;  ///< 0: any that is free, for who binds

  bool operator==(const TcpAddress&) const = default;
  /// `tcp://HOST:PORT`.
  std::string text() const;
  bool ipv6() const { return host.find(':') != std::string::npos; }
  /// Nobody but this machine can be at the other end.
  bool loopback() const;
  /// 0.0.0.0 or ::, which name no machine.
  bool any() const;
};

/// The address in `tcp://HOST:PORT` as text() writes it; nullopt for anything else. HOST is a name,
/// an IPv4 address or an IPv6 address in brackets.
std::optional<TcpAddress> ParseTcpAddress(std::string_view text);

/// True if `host` is an address of an interface of this machine, or any(), or `localhost`.
bool IsOfThisMachine(const std::string& host);

/// The address of this machine from which packets to `peer` would leave. Throws
/// Error(kUnavailable) if there is no way there, or no such name.
std::string LocalAddressTowards(const TcpAddress& peer);

}  // namespace rk
