#pragma once

#include <optional>
#include <string>

#include <zmq.hpp>

#include "lib/base/log.h"
#include "lib/link/ipc_binding.h"
#include "lib/link/link_address.h"
#include "lib/link/link_guard.h"

namespace rk {

/// A socket bound on an address.
class Binding {
 public:
  /// Binds `socket`. Throws as IpcBinding, LinkGuard and RequireBindable() do, Error(kUsage) for
  /// tcp:// without keys where others could connect, and Error(kUnavailable) if another process has
  /// the port.
  Binding(zmq::socket_t& socket, const LinkAddress& address, const Log& log);

  /// What others connect to: by the name that it was given, at the port that it has.
  const std::string& address() const { return address_; }
  /// Which port that is, where any would do: nobody could know.
  void LogPort(const LinkAddress& asked, const Log& log) const;

 private:
  std::optional<IpcBinding> ipc_;
  std::optional<LinkGuard> guard_;
  std::string address_;
};

}  // namespace rk
