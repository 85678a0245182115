#include "lib/stage/stage_page.h"

#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "lib/observe/text_forms.h"

namespace rk {
namespace {

HttpAnswer MetricsAnswer(const Stage& stage, const HttpRequest& request) {
  const Exposition form = ExpositionFor(request.accept);
  const std::string labels = fmt::format("stage=\"{}\"", stage.name);
  return {200, PrometheusText({{labels, stage.metrics.Snapshot()}}, form),
          std::string(ContentType(form))};
}

HttpAnswer Answer(const Stage& stage, const HttpRequest& request) {
  if (request.path == "/metrics") return MetricsAnswer(stage, request);
  if (request.path == "/healthz") return {200, "ok\n"};
  return {404, fmt::format("There is no {}; there are /metrics /healthz\n", request.path)};
}

}  // namespace

void AddHttpOptions(CLI::App& app, HttpServer::Options& options) {
  app.add_option("--http", options.address, "serve /metrics; --http-token-file FILE")
      ->option_text("ADDRESS:PORT");
  app.add_option("--http-token-file", options.token_file, "token for whoever looks at --http")
      ->option_text("FILE")
      ->group("");
}

StagePage::StagePage(const HttpServer::Options& options, const Stage& stage) {
  if (options.address.empty()) return;
  CheckHttpOptions(options);
  if (stage.check) return;
  server_.emplace(
      options, [&stage](const HttpRequest& request) { return Answer(stage, request); },
      [] { return std::string(); }, stage.log);
  stage.log(LogLevel::kInfo, fmt::format("to be seen url={}", server_->url()));
}

}  // namespace rk
