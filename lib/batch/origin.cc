#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "lib/base/error.h"
#include "lib/batch/frame.h"

namespace rk {

Origin RandomOrigin() {
  Origin origin;
  ssize_t got = 0;
  do {
    got = getrandom(origin.data(), origin.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(origin.size())) {
    throw Error(ErrorKind::kIo,
                std::string("cannot get random bytes (getrandom): ") + strerror(errno));
  }
  return origin;
}

std::string ToHex(const Origin& origin) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : origin) hex.append({kDigits[byte >> 4], kDigits[byte & 15]});
  return hex;
}

}  // namespace rk
