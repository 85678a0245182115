#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rk {

/// What --in and --out name: `-`, or `ipc://PATH`, which connects, or `@ipc://PATH`, which binds.
struct Endpoint {
  static constexpr size_t kLongestPath = 107;  ///< sizeof sockaddr_un::sun_path less its zero

  bool pipe = true;
  bool bind = false;
  std::string path;  ///< absolute; empty for a pipe

  std::string address() const { return "ipc://" + path; }
};

/// Throws Error(kUsage) that says what an endpoint looks like.
Endpoint ParseEndpoint(std::string_view text);

/// The path of `ipc://PATH` if that is absolute and fits in a socket's address.
std::optional<std::string> IpcPath(std::string_view address);

}  // namespace rk
