#pragma once

#include <string>

namespace rk {

/// What --version says behind the name: "0.2.0 (1a2b3c4)", the release and the commit that it was
/// built from; without the commit where the sources came without their history.
std::string Version();

}  // namespace rk
