#pragma once

#include "lib/base/descriptor.h"

namespace rk {

/// Opens those of the descriptors 0, 1 and 2 that are closed, so that nothing that is opened later
/// has such a number and is taken for a stream. Reading from such an input and writing to such an
/// output fails, as it did; what is logged goes nowhere.
void OpenClosedStreams();

/// The stdout and stderr that the process was started with, kept for frames and for the log: from
/// now on descriptor 1 is stderr too, so that a library that prints, or a model, writes into no
/// frame. The destructor puts descriptors 1 and 2 back. One at a time, in one thread.
class StandardStreams {
 public:
  /// Throws Error(kIo).
  StandardStreams();
  ~StandardStreams();
  StandardStreams(const StandardStreams&) = delete;
  StandardStreams& operator=(const StandardStreams&) = delete;

  int output() const { return output_.fd(); }
  int error() const { return error_.fd(); }

 private:
  Descriptor output_;
  Descriptor error_;
};

}  // namespace rk
