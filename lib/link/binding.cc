#include "lib/link/binding.h"

#include <cerrno>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/bindable.h"
#include "lib/link/connection.h"
#include "lib/link/endpoint.h"
#include "lib/link/tcp_address.h"
#include "lib/link/transport.h"

namespace rk {

Binding::Binding(zmq::socket_t& socket, const LinkAddress& address, const Log& log)
    : address_(address.text) {
  if (const auto path = IpcPath(address.text)) {
    ipc_.emplace(socket, *path);
    return;
  }
  SetUpTcp(socket, address);
  guard_.emplace(socket, LinkGuard::Side::kBinds, address.text, address.keys, log);
  RequireBindable(address.text);
  const std::string numeric = NumericAddress(address.text);
  if (zmq_bind(socket.handle(), numeric.c_str()) != 0) {
    const bool taken = zmq_errno() == EADDRINUSE;
    throw Error(taken ? ErrorKind::kUnavailable : ErrorKind::kIo,
                fmt::format("cannot bind {}: {}", address.text,
                            taken ? "another process has the port" : zmq_strerror(zmq_errno())));
  }
  const auto bound = ParseTcpAddress(socket.get(zmq::sockopt::last_endpoint));
  auto named = ParseTcpAddress(address.text);
  if (!bound || !named) return;
  named->port = bound->port;
  address_ = named->text();
}

void Binding::LogPort(const LinkAddress& asked, const Log& log) const {
  if (address_ != asked.text) log(LogLevel::kInfo, fmt::format("listens address={}", address_));
}

}  // namespace rk
