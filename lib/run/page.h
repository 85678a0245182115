#pragma once

#include <string_view>

namespace rk {

/// lib/run/page.html, which the build puts into the program (cmake/Page.cmake).
std::string_view StatusPageHtml();

}  // namespace rk
