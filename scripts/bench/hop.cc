// The limit of a hop over ZeroMQ: bytes in messages of 1 MiB from stdin to stdout, and zmq_proxy
// between, with nothing that rk does. `@` before an address binds.
//
//     bench-hop push ADDRESS | bench-hop proxy @ADDRESS @ADDRESS | bench-hop pull ADDRESS

#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include <zmq.hpp>

namespace {

constexpr size_t kMessage = 1 << 20;
constexpr int kHwm = 4;

zmq::socket_t Open(zmq::context_t& context, zmq::socket_type type, const std::string& address) {
  zmq::socket_t socket(context, type);
  socket.set(zmq::sockopt::sndhwm, kHwm);
  socket.set(zmq::sockopt::rcvhwm, kHwm);
  if (address.front() == '@') {
    socket.bind(address.substr(1));
  } else {
    socket.connect(address);
  }
  return socket;
}

void Push(zmq::socket_t socket) {
  while (true) {
    zmq::message_t message(kMessage);
    size_t size = 0;
    while (size < kMessage) {
      const ssize_t got = read(STDIN_FILENO, message.data<char>() + size, kMessage - size);
      if (got <= 0) break;
      size += static_cast<size_t>(got);
    }
    if (size < kMessage) {
      socket.send(zmq::buffer(message.data(), size), zmq::send_flags::none);
      return;
    }
    socket.send(message, zmq::send_flags::none);
  }
}

void Pull(zmq::socket_t socket) {
  zmq::message_t message;
  while (socket.recv(message)) {
    for (size_t done = 0; done < message.size();) {
      const ssize_t put = write(STDOUT_FILENO, message.data<char>() + done, message.size() - done);
      if (put <= 0) return;
      done += static_cast<size_t>(put);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // as rk's tools do: else each message's pages are faults
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  zmq::context_t context;
  const std::string role = argc > 2 ? argv[1] : "";
  if (role == "push") {
    Push(Open(context, zmq::socket_type::push, argv[2]));
  } else if (role == "pull") {
    Pull(Open(context, zmq::socket_type::pull, argv[2]));
  } else if (role == "proxy" && argc > 3) {
    zmq::proxy(Open(context, zmq::socket_type::pull, argv[2]),
               Open(context, zmq::socket_type::push, argv[3]));
  } else {
    std::fputs("bench-hop: usage: bench-hop push|pull ADDRESS, or proxy ADDRESS ADDRESS\n", stderr);
    return 64;
  }
  return 0;
}
