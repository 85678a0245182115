#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "lib/map/line_program.h"

namespace rk {

/// A shell command as a LineProgram. It inherits standard error; a silence of `silence` is one too
/// many. Destroying it closes its standard input and gives it a second to end, then kills it.
/// What it starts throws Error(kMissing) from Receive() if the shell cannot find or run the
/// command. A line is at most `longest` bytes long.
StartProgram CoprocessStarter(std::string command, std::chrono::milliseconds silence,
                              size_t longest);

}  // namespace rk
