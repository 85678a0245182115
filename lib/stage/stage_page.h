#pragma once

#include <optional>

#include "lib/http/server.h"
#include "lib/stage/tool.h"

namespace CLI {
class App;
}

namespace rk {

/// --http and --http-token-file of a stage that nobody supervises.
void AddHttpOptions(CLI::App& app, HttpServer::Options& options);

/// What a stage counts, over HTTP while this lives: /metrics, and /healthz, which says that the
/// process answers. Nothing without an address.
class StagePage {
 public:
  /// `stage` must outlive it. Throws what HttpServer does; with stage.check it listens nowhere.
  StagePage(const HttpServer::Options& options, const Stage& stage);

 private:
  std::optional<HttpServer> server_;
};

}  // namespace rk
