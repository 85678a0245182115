#include "lib/stage/exit_code.h"

namespace rk {

ExitCode ExitCodeOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return kExitUsage;
    case ErrorKind::kBadData:
      return kExitBadData;
    case ErrorKind::kMissing:
      return kExitMissing;
    case ErrorKind::kUnavailable:
      return kExitUnavailable;
    case ErrorKind::kBug:
      return kExitBug;
    case ErrorKind::kIo:
      return kExitIo;
    case ErrorKind::kTryAgain:
      return kExitTryAgain;
    case ErrorKind::kFenced:
      return kExitFenced;
    case ErrorKind::kNotAuthorised:
      return kExitNotAuthorised;
    case ErrorKind::kConfiguration:
      return kExitConfiguration;
    case ErrorKind::kBrokenPipe:
      return kExitBrokenPipe;
  }
  return kExitBug;
}

ErrorKind ErrorKindOf(int status) {
  using enum ErrorKind;
  for (const ErrorKind kind : {kUsage, kBadData, kMissing, kUnavailable, kIo, kTryAgain, kFenced,
                               kNotAuthorised, kConfiguration, kBrokenPipe}) {
    if (ExitCodeOf(kind) == status) return kind;
  }
  return kBug;
}

}  // namespace rk
