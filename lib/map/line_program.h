#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace rk {

/// A program that no more lines can be had from; it is of no use any more.
class LineFailure : public std::runtime_error {
 public:
  enum class Kind {
    kNeverRead,  ///< it ended before it had read anything of what it was last sent
    kDied,       ///< it ended, or closed its standard output
    kSilent,     ///< no line came within the time-out
    kTooLong,    ///< a line is longer than anything of ours
  };

  LineFailure(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

/// A program that is sent lines and says lines, as Exec sees it. One thread.
class LineProgram {
 public:
  virtual ~LineProgram() = default;

  /// Takes whole lines, to be written while Receive() waits. The last ones have been.
  virtual void Send(std::string_view lines) = 0;
  /// Its next line, without the end of it; Buffer::kPadding bytes past it are readable. It stays
  /// until the next call. Throws LineFailure.
  virtual std::string_view Receive() = 0;
};

/// Starts one. Throws Error if the machine cannot.
using StartProgram = std::function<std::unique_ptr<LineProgram>()>;

}  // namespace rk
