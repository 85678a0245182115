#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rk {

enum class Transport {
  kPipe,  ///< standard input or output
  kIpc,   ///< a Unix socket
};

/// What --in and --out name: `-`, or `ipc://PATH`, which connects, or `@ipc://PATH`, which binds.
/// Another transport is another scheme here, a case in OpenSource() and OpenSink()
/// (lib/stage/link_options.h), and what it has to say to its socket.
struct Endpoint {
  static constexpr size_t kLongestPath = 107;  ///< sizeof sockaddr_un::sun_path less its zero

  Transport transport = Transport::kPipe;
  bool bind = false;
  std::string path;  ///< absolute; empty for a pipe

  bool pipe() const { return transport == Transport::kPipe; }
  std::string address() const;  ///< as ZeroMQ takes it
};

/// `ipc://PATH`.
std::string IpcAddress(const std::string& path);

/// Throws Error(kUsage) that says what an endpoint looks like.
Endpoint ParseEndpoint(std::string_view text);

/// The path of `ipc://PATH` if that is absolute and fits in a socket's address.
std::optional<std::string> IpcPath(std::string_view address);

}  // namespace rk
