#pragma once

#include <csignal>
#include <cstdlib>
#include <string_view>

namespace rk {

/// Where a test has the process killed: RK_FAILPOINT=NAME kills it (SIGKILL) when it gets to the
/// failpoint of that name. Only in what is compiled with RK_FAILPOINTS, for tests.
inline void Failpoint([[maybe_unused]] std::string_view name) {
#ifdef RK_FAILPOINTS
  static const char* const wanted = std::getenv("RK_FAILPOINT");
  if (wanted != nullptr && name == wanted) std::raise(SIGKILL);
#endif
}

}  // namespace rk
