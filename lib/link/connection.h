#pragma once

#include <optional>

#include <zmq.hpp>

#include "lib/base/log.h"
#include "lib/link/link_address.h"
#include "lib/link/link_guard.h"

namespace rk {

/// A socket that is connected to an address.
class Connection {
 public:
  /// Connects `socket`, which outlives it, as does `state`, which is told how that goes. Throws as
  /// LinkGuard does, and Error(kUsage) for tcp:// to another machine without keys.
  Connection(zmq::socket_t& socket, LinkAddress address, Log log, LinkState* state = nullptr);

  /// To be called every second or so: connects again if ZeroMQ has given up, which it does where
  /// what answers refuses us or is no stage with keys. Throws Error(kIo).
  void Renew();

  /// Makes another connection. What is under way on the one that there is may come late, or never.
  void Reconnect();

 private:
  void Connect();

  zmq::socket_t& socket_;
  LinkAddress address_;
  std::optional<LinkGuard> guard_;
};

/// Throws Error(kUsage) for an address on tcp:// that is not this machine's loopback and has no
/// keys.
void RequireKeys(const LinkAddress& address);

/// What a socket on tcp:// needs before it binds or connects `address`. Throws as RequireKeys().
void SetUpTcp(zmq::socket_t& socket, const LinkAddress& address);

}  // namespace rk
