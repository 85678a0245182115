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
  /// Binds `socket`. Throws as IpcBinding and LinkGuard do, and Error(kUsage) for tcp:// without
  /// keys where others could connect.
  Binding(zmq::socket_t& socket, const LinkAddress& address, const Log& log);

  /// What others connect to.
  const std::string& address() const { return address_; }

 private:
  std::optional<IpcBinding> ipc_;
  std::optional<LinkGuard> guard_;
  std::string address_;
};

}  // namespace rk
