#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "lib/base/descriptor.h"
#include "lib/batch/frame.h"
#include "lib/tap/tap_request.h"

namespace rk {

/// Listens to the taps of a pipeline's stage as they come and go. One thread.
class TapListener {
 public:
  /// From `replica` (infer.0): copies of records of a batch.
  using Take = std::function<void(const std::string& replica, const Frame& frame)>;

  TapListener(std::string directory, std::string stage, TapRequest request);

  /// Waits at most `longest`, or until `wake_fd` is readable, and hands over what has come.
  void Listen(std::chrono::milliseconds longest, int wake_fd, const Take& take);

  bool connected() const { return !taps_.empty(); }

 private:
  void Connect();

  std::string directory_;
  std::string stage_;
  TapRequest request_;
  std::map<std::string, std::pair<std::string, Descriptor>> taps_;  ///< by path: replica, socket
  std::chrono::steady_clock::time_point next_look_{};
};

}  // namespace rk
