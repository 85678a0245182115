#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "lib/base/log.h"
#include "lib/observe/metrics.h"

namespace rk {

/// Does what SIGHUP asks for on a thread of its own, beside the stage's work.
class Reloader {
 public:
  /// Counts in `metrics`, which outlive it, how many were done and how many failed.
  Reloader(Log log, Metrics& metrics);
  /// From now on `reload` is called, once for the requests that came since it was last begun; those
  /// that came before Start() too. If it throws, that is logged, and all stays as it was.
  void Start(std::function<void()> reload);
  /// Waits for a reload under way; what was asked for after it is left.
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  /// Asks for one; for Signals::OnReload(). It may outlive this object, and does nothing then.
  std::function<void()> Request() const;

 private:
  struct State;

  Log log_;
  Metric& reloads_;
  Metric& failures_;
  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace rk
