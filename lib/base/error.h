#pragma once

#include <stdexcept>
#include <string>

namespace rk {

/// Why something cannot go on. lib/stage/exit_code.h gives each kind its exit status.
enum class ErrorKind {
  kUsage,          ///< the command line is wrong
  kBadData,        ///< bytes that are not what they claim to be
  kMissing,        ///< a topic, model or file is not there
  kUnavailable,    ///< a broker, peer or device cannot be reached
  kBug,            ///< an invariant of ours does not hold
  kIo,             ///< the operating system refused to read or write
  kTryAgain,       ///< drain time-out, out of memory, input ended without END
  kFenced,         ///< another process has our place, and is to keep it
  kNotAuthorised,  ///< the broker refused the user or the operation
  kConfiguration,  ///< a property or a pipeline file is wrong
  kBrokenPipe,     ///< whoever read our output is gone
};

/// The one exception type of lib/. The message names the thing and says what to do; it has no
/// trailing newline and no tool name.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}

  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace rk
