#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "lib/base/log.h"
#include "lib/http/server.h"
#include "lib/observe/history.h"
#include "lib/observe/pipeline_status.h"

namespace rk {

/// What can be seen of a running pipeline over HTTP: /, the page, which follows /events;
/// /metrics, /healthz, /readyz, /status.json, /history.json. Who runs the pipeline hands it what is
/// to be seen, and never waits for who looks.
class StatusPage {
 public:
  using Clock = std::chrono::steady_clock;

  /// Listens; throws what HttpServer does.
  StatusPage(const HttpServer::Options& options, Log log);

  /// About once a second. One thread.
  void Show(PipelineStatus status, Clock::time_point now);

  const std::string& url() const { return server_.url(); }

 private:
  struct Seen {
    PipelineStatus status;
    Clock::time_point at;
  };

  HttpAnswer Answer(const HttpRequest& request) const;
  std::shared_ptr<const Seen> seen() const;

  mutable std::mutex mutex_;          ///< held for as long as a pointer is copied or a point added
  std::shared_ptr<const Seen> seen_;  ///< guarded by mutex_, as is history_
  StatusHistory history_;
  HttpServer server_;  ///< last: its thread uses the others
};

}  // namespace rk
