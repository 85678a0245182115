#include "lib/link/connection.h"

#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/endpoint.h"
#include "lib/link/tcp_address.h"
#include "lib/link/transport.h"

namespace rk {
namespace {

// Of a connection on which nothing is under way: what is, the kernel sends again and again for a
// quarter of an hour (docs/architecture.md, Between machines).
constexpr int kIdleSeconds = 60;
constexpr int kProbeSeconds = 30;
constexpr int kProbes = 4;
// Instead of the kernel's two minutes and more: the next try finds a way that is there again.
constexpr int kConnectMs = 4000;
constexpr int kHandshakeMs = 10'000;  // of a peer that says nothing
constexpr int kKernelsOwn = -1;

}  // namespace

void RequireKeys(const LinkAddress& address) {
  const auto tcp = ParseTcpAddress(address.text);
  if (!tcp || address.keys || tcp->loopback()) return;
  throw Error(ErrorKind::kUsage,
              fmt::format("{} is not on this machine alone, so it needs keys: --keys DIR, which "
                          "rk-run --keys DIR makes",
                          address.text));
}

void SetUpTcp(zmq::socket_t& socket, const LinkAddress& address) {
  RequireKeys(address);
  const TcpAddress tcp = ParseTcpAddress(address.text).value_or(TcpAddress{});
  WithZmq("cannot set up " + address.text, [&] {
    socket.set(zmq::sockopt::ipv6, tcp.ipv6());
    socket.set(zmq::sockopt::sndbuf, kKernelsOwn);  // which grows with the way's length
    socket.set(zmq::sockopt::tcp_keepalive, 1);
    socket.set(zmq::sockopt::tcp_keepalive_idle, kIdleSeconds);
    socket.set(zmq::sockopt::tcp_keepalive_intvl, kProbeSeconds);
    socket.set(zmq::sockopt::tcp_keepalive_cnt, kProbes);
    socket.set(zmq::sockopt::connect_timeout, kConnectMs);
    socket.set(zmq::sockopt::handshake_ivl, kHandshakeMs);
  });
}

Connection::Connection(zmq::socket_t& socket, LinkAddress address, Log log, LinkState* state)
    : socket_(socket), address_(std::move(address)) {
  if (!IpcPath(address_.text)) {
    SetUpTcp(socket, address_);
    guard_.emplace(socket, LinkGuard::Side::kConnects, address_.text, address_.keys, std::move(log),
                   state);
  }
  Connect();
}

void Connection::Renew() {
  if (guard_ && guard_->TakeGivenUp()) Reconnect();
}

void Connection::Reconnect() {
  // A dealer that is connected to an address, given up or not, is not connected to it again.
  (void)zmq_disconnect(socket_.handle(), address_.text.c_str());
  Connect();
}

void Connection::Connect() {
  WithZmq("cannot connect to " + address_.text, [&] { socket_.connect(address_.text); });
}

}  // namespace rk
