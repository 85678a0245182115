#pragma once

#include <string>

namespace rk {

/// The file of the tool `name` (rk-read, …) that was installed with this program, in its folder:
/// so that a pipeline needs no PATH, and has no tools of two versions. Empty if there is none
/// there, and for other programs, which PATH finds.
std::string OwnTool(const std::string& name);

}  // namespace rk
