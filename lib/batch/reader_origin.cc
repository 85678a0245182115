#include "lib/batch/reader_origin.h"

#include <algorithm>
#include <array>

namespace rk {
namespace {

// man/rk-frame.5 names it.
constexpr std::array<uint8_t, 4> kExactlyOnce = {'E', 'O', 'S', 0x01};

}  // namespace

Origin ReaderOrigin(bool exactly_once) {
  Origin origin = RandomOrigin();
  if (exactly_once) {
    std::ranges::copy(kExactlyOnce, origin.end() - kExactlyOnce.size());
  } else if (IsExactlyOnce(origin)) {
    origin.back() = 0;
  }
  return origin;
}

bool IsExactlyOnce(const Origin& origin) {
  return std::equal(kExactlyOnce.begin(), kExactlyOnce.end(), origin.end() - kExactlyOnce.size());
}

}  // namespace rk
