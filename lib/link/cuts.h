#pragma once

#include <cstdint>
#include <string>

namespace rk {

/// This process has found out that it was cut off from that host, or still is: what it sent there
/// on other connections may be held up by the kernel for as long again. Any thread.
void NoteCut(const std::string& host);

/// How often it has. Any thread.
uint64_t CutsFrom(const std::string& host);

}  // namespace rk
