#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rk {

enum class Transport {
  kPipe,  ///< standard input or output
  kIpc,   ///< a Unix socket
  kTcp,   ///< another machine, or this one
};

/// What --in and --out name: `-`, or `ipc://PATH`, `tcp://HOST:PORT` or `tcp://HOST:PORT/LINK`,
/// which connect, or the same with `@` in front, which bind.
struct Endpoint {
  static constexpr size_t kLongestPath = 107;  ///< sizeof sockaddr_un::sun_path less its zero

  Transport transport = Transport::kPipe;
  bool bind = false;
  std::string address;  ///< as LinkAddress takes it; empty for a pipe

  bool pipe() const { return transport == Transport::kPipe; }
  bool tcp() const { return transport == Transport::kTcp; }
};

/// `ipc://PATH`.
std::string IpcAddress(const std::string& path);

/// Throws Error(kUsage) that says what an endpoint looks like.
Endpoint ParseEndpoint(std::string_view text);

/// The path of `ipc://PATH` if that is absolute and fits in a socket's address.
std::optional<std::string> IpcPath(std::string_view address);

}  // namespace rk
