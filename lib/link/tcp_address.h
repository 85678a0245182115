#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rk {

/// What `tcp://HOST:PORT/LINK` names. An IPv6 address stands in brackets there, and without them
/// here.
struct TcpAddress {
  std::string host;
  uint16_t port = 0;      ///< 0: any that is free, for who binds
  std::string link = {};  ///< which link it is to be (LinkAddress); empty: `/LINK` is not there

  bool operator==(const TcpAddress&) const = default;
  /// As it is written.
  std::string text() const;
  bool ipv6() const { return host.find(':') != std::string::npos; }
  /// Nobody but this machine can be at the other end.
  bool loopback() const;
  /// 0.0.0.0 or ::, which name no machine.
  bool any() const;
};

/// The address in `tcp://HOST:PORT` or `tcp://HOST:PORT/LINK` as text() writes it; nullopt for
/// anything else. HOST is a name, an IPv4 address or an IPv6 address in brackets.
std::optional<TcpAddress> ParseTcpAddress(std::string_view text);

/// `tcp://HOST:PORT`, without a link. Throws Error(kUsage) that says what is wrong with it.
TcpAddress RequireTcpAddress(std::string_view text);

/// What is wrong with the port of `text`, as the end of a message, where that is what is wrong with
/// it; else empty.
std::string WrongPort(std::string_view text);

/// True for 1 to 32 letters, digits, '.', '-' and '_'.
bool IsLinkName(std::string_view text);

/// True if `host` is an address of an interface of this machine, or any(), or `localhost`.
bool IsOfThisMachine(const std::string& host);

/// The address of this machine from which packets to `peer` would leave. Throws
/// Error(kUnavailable) if there is no way there, or no such name.
std::string LocalAddressTowards(const TcpAddress& peer);

}  // namespace rk
