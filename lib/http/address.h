#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace rk {

/// ADDRESS:PORT, where to listen.
struct HttpAddress {
  std::string text;  ///< as it was written
  sockaddr_storage socket{};
  socklen_t length = 0;
  bool is_loopback = false;
};

/// `127.0.0.1:9464`, `[::1]:9464`, `localhost:9464`, `0.0.0.0:9464`. Port 0 takes a free one.
/// Throws Error(kConfiguration): names other than localhost are none, since what they mean may
/// change.
HttpAddress ParseHttpAddress(const std::string& text);

}  // namespace rk
