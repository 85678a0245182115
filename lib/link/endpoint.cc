#include "lib/link/endpoint.h"

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/tcp_address.h"

namespace rk {
namespace {

constexpr std::string_view kScheme = "ipc://";

}  // namespace

std::string IpcAddress(const std::string& path) { return std::string(kScheme) + path; }

std::optional<std::string> IpcPath(std::string_view address) {
  if (!address.starts_with(kScheme)) return std::nullopt;
  const std::string_view path = address.substr(kScheme.size());
  if (!path.starts_with('/') || path.size() > Endpoint::kLongestPath) return std::nullopt;
  if (path.find('\0') != std::string_view::npos) return std::nullopt;
  return std::string(path);
}

Endpoint ParseEndpoint(std::string_view text) {
  if (text == "-") return {};
  const bool bind = text.starts_with('@');
  const std::string_view address = text.substr(bind ? 1 : 0);
  if (IpcPath(address)) return {Transport::kIpc, bind, std::string(address)};
  const auto tcp = ParseTcpAddress(address);
  if (tcp && (bind || (tcp->port != 0 && !tcp->any())))
    return {Transport::kTcp, bind, std::string(address)};
  if (tcp && tcp->port == 0) {
    throw Error(ErrorKind::kUsage,
                fmt::format("'{}': nobody can connect to port 0, which is for who binds", text));
  }
  if (const std::string wrong = WrongPort(address); !wrong.empty())
    throw Error(ErrorKind::kUsage, fmt::format("'{}' is not an endpoint{}", text, wrong));
  throw Error(ErrorKind::kUsage,
              fmt::format("'{}' is not an endpoint: write - (a pipe), ipc://PATH or "
                          "tcp://HOST:PORT (connect), or the same after @ (bind), with an absolute "
                          "PATH of at most {} bytes",
                          text, Endpoint::kLongestPath));
}

}  // namespace rk
