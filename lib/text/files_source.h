#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/event_fd.h"
#include "lib/link/source.h"
#include "lib/text/text_source.h"

namespace rk {

/// Files, each of them one record, as `kcat -P FILE…` takes them. Nobody waits for their
/// acknowledgement. Used by one thread.
class FilesSource : public Source {
 public:
  /// Of `format` the key, the headers and null_if_empty count. Opens nothing.
  FilesSource(std::vector<std::string> files, TextFormat format);

  /// Throws Error(kMissing) for a file that cannot be opened, Error(kIo), and Error(kBadData) for
  /// one larger than TextSource::kLongest.
  std::optional<Frame> TryReceive() override;
  bool ended() const override { return files_.empty(); }
  bool has_end() const override { return true; }
  Origin origin() const override { return stream_.origin; }
  int fd() const override { return ready_.fd(); }
  bool acknowledged() const override { return false; }

 private:
  std::deque<std::string> files_;
  TextFormat format_;
  TextStream stream_;
  EventFd ready_;  ///< always readable
};

}  // namespace rk
