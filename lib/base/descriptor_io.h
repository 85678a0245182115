#pragma once

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace rk {

/// Writes all of `bytes`, waiting as long as the other end pushes back. Returns 0, or errno if not
/// all could be written. Any thread.
inline int WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd waiting = {fd, POLLOUT, 0};
      (void)poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

/// Appends to `text` what there is to read, `most` bytes at most, without waiting for it. Returns
/// how many bytes came: 0 is the input's end, nullopt nothing yet. Throws Error(kIo), which names
/// the input `name`.
inline std::optional<size_t> ReadAvailable(int fd, size_t most, const std::string& name,
                                           std::string& text) {
  pollfd input{fd, POLLIN, 0};
  if (poll(&input, 1, 0) <= 0) return std::nullopt;
  const size_t size = text.size();
  text.resize(size + most);
  const ssize_t count = read(fd, text.data() + size, most);
  const int reason = errno;
  text.resize(size + (count > 0 ? static_cast<size_t>(count) : 0));
  if (count >= 0) return static_cast<size_t>(count);
  if (reason == EINTR || reason == EAGAIN) return std::nullopt;
  throw Error(ErrorKind::kIo, name + ": " + std::strerror(reason));
}

}  // namespace rk
