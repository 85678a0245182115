#include "lib/run/status_page.h"

#include <utility>

#include <fmt/format.h>

#include "lib/run/page.h"

namespace rk {
namespace {

constexpr std::string_view kPaths =
    "/ /metrics /healthz /readyz /status.json /history.json /events";

HttpAnswer Json(std::string body) { return {200, std::move(body), "application/json"}; }

HttpAnswer Metrics(const PipelineStatus& status, const std::string& accept) {
  const Exposition form = ExpositionFor(accept);
  return {200, StatusPrometheus(status, form), std::string(ContentType(form))};
}

HttpAnswer Probe(const std::string& why_not, std::string_view good) {
  if (!why_not.empty()) return {503, why_not + "\n"};
  return {200, fmt::format("{}\n", good)};
}

std::string WhyNotAlive(const PipelineStatus& status, std::chrono::steady_clock::duration ago) {
  if (ago <= kSilence) return WhyNotHealthy(status);
  return fmt::format("the supervisor last turned {} s ago",
                     std::chrono::floor<std::chrono::seconds>(ago).count());
}

std::string EventOf(const PipelineStatus& status) {
  std::string json = StatusJson(status);
  json.pop_back();  // the end of its line
  return json;
}

}  // namespace

StatusPage::StatusPage(const HttpServer::Options& options, Log log)
    : seen_(std::make_shared<const Seen>(Seen{{"", "starting", 0, "", {}}, Clock::now()})),
      server_(
          options, [this](const HttpRequest& request) { return Answer(request); },
          [this] { return EventOf(seen()->status); }, std::move(log)) {}

void StatusPage::Show(PipelineStatus status, Clock::time_point now) {
  auto fresh = std::make_shared<const Seen>(Seen{std::move(status), now});
  {
    const std::lock_guard lock(mutex_);
    history_.Add(fresh->status, now);
    seen_.swap(fresh);
  }
  server_.Publish();
}

std::shared_ptr<const StatusPage::Seen> StatusPage::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

HttpAnswer StatusPage::Answer(const HttpRequest& request) const {
  const auto shown = seen();
  const PipelineStatus& status = shown->status;
  if (request.path == "/") return {200, std::string(StatusPageHtml()), "text/html; charset=utf-8"};
  if (request.path == "/metrics") return Metrics(status, request.accept);
  if (request.path == "/healthz") return Probe(WhyNotAlive(status, Clock::now() - shown->at), "ok");
  if (request.path == "/readyz") return Probe(WhyNotReady(status), "ready");
  if (request.path == "/status.json") return Json(StatusJson(status));
  if (request.path == "/events") return {200, "", "text/event-stream", true};
  if (request.path == "/history.json") {
    const std::lock_guard lock(mutex_);
    return Json(history_.Json());
  }
  return {404, fmt::format("There is no {}; there are {}\n", request.path, kPaths)};
}

}  // namespace rk
