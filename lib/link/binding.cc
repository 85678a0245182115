#include "lib/link/binding.h"

#include "lib/link/connection.h"
#include "lib/link/endpoint.h"
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
  WithZmq("cannot bind " + address.text, [&] {
    socket.bind(address.text);
    address_ = socket.get(zmq::sockopt::last_endpoint);
  });
}

}  // namespace rk
