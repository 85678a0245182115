#pragma once

#include <string>

namespace rk {

/// `tcp://HOST:PORT` as ZeroMQ binds it, which knows no names of machines: HOST is turned into the
/// IPv4 address that it has, as who connects does. Throws Error(kConfiguration) if there is no such
/// name, Error(kUnavailable) if nobody can say now.
std::string NumericAddress(const std::string& address);

/// Throws that, and Error(kConfiguration) if it is no address of this machine, or a port that only
/// root may have.
void RequireBindable(const std::string& address);

}  // namespace rk
