#pragma once

#include <string>

#include "lib/link/sink.h"
#include "lib/text/record_format.h"

namespace rk {

/// Records as text on a descriptor, for people and scripts. Nobody acknowledges what is written.
class TextSink : public Sink {
 public:
  /// `fd` stays the caller's.
  TextSink(int fd, RecordFormat format) : fd_(fd), format_(std::move(format)) {}

  void Send(const Frame& frame) override;
  void Finish(const Origin& /*origin*/) override {}  // text has no END
  bool acknowledged() const override { return false; }
  int fd() const override { return fd_; }

 private:
  int fd_;
  RecordFormat format_;
  std::string text_;
};

}  // namespace rk
