#pragma once

#include "lib/base/error.h"

namespace rk {

/// The exit statuses of every tool, after sysexits.h; 128+n is death by signal n. A supervisor
/// restarts on 69, 74, 75 and signals, not on the others.
enum ExitCode : int {
  kExitDone = 0,
  kExitUsage = 64,
  kExitBadData = 65,
  kExitMissing = 66,
  kExitUnavailable = 69,
  kExitBug = 70,
  kExitIo = 74,
  kExitTryAgain = 75,
  kExitNotAuthorised = 77,
  kExitConfiguration = 78,
  kExitBrokenPipe = 141,
};

ExitCode ExitCodeOf(ErrorKind kind);

}  // namespace rk
