#pragma once

#include <string>

#include "lib/base/log.h"

namespace rk {

/// Tells each reader that listens in the pipeline's directory to send again whatever is in flight.
/// Waits at most 0.2 s for the one that is slowest to take it; what goes wrong is a warning.
void AskForReplay(const std::string& directory, const Log& log);

}  // namespace rk
