#pragma once

#include "lib/base/error.h"

namespace rk {

/// The exit statuses of every tool, after sysexits.h; 128+n is death by signal n. A supervisor
/// restarts on 69, 74, 75, 141 and signals, not on the others: they say that the next start will
/// end in the same way, and 76 that it would end another process. 65 is for bytes that are wrong;
/// an input that ends in the middle of a frame was cut off by a death, and is 75.
enum ExitCode : int {
  kExitDone = 0,
  kExitUsage = 64,
  kExitBadData = 65,
  kExitMissing = 66,
  kExitUnavailable = 69,
  kExitBug = 70,
  kExitIo = 74,
  kExitTryAgain = 75,
  kExitFenced = 76,
  kExitNotAuthorised = 77,
  kExitConfiguration = 78,
  kExitBrokenPipe = 141,
};

ExitCode ExitCodeOf(ErrorKind kind);
/// The kind that another tool's exit status means; kBug for a status that no kind has.
ErrorKind ErrorKindOf(int status);

}  // namespace rk
