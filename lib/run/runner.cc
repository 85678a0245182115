#include "lib/run/runner.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/error.h"
#include "lib/base/event_fd.h"
#include "lib/kafka/admin.h"
#include "lib/kafka/kafka_options.h"
#include "lib/link/runtime_dir.h"
#include "lib/observe/event_log.h"
#include "lib/process/spawn.h"
#include "lib/run/notify.h"
#include "lib/run/own_tools.h"
#include "lib/run/pipeline_dir.h"
#include "lib/run/replay.h"
#include "lib/run/status.h"
#include "lib/run/status_page.h"
#include "lib/run/supervisor.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kBetweenStatus{1};

std::string StatusFile(const std::string& directory, const std::string& form) {
  return directory + "/status." + form;
}

std::string ReadText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Readers see the old or the new one, never a part.
void Replace(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  std::ofstream(fresh) << text;
  (void)std::rename(fresh.c_str(), path.c_str());
}

ClientSettings ClientOf(const StageSpec& reader, const Log& log) {
  const ToolOptions& options = reader.options;
  return MakeClientSettings({options.value("--brokers"), options.values("-X"), options.value("-F")},
                            log);
}

std::unique_ptr<StatusPage> OpenPage(const Pipeline& pipeline, const Log& log) {
  if (pipeline.http.address.empty()) return nullptr;
  auto page = std::make_unique<StatusPage>(pipeline.http, log);
  log(LogLevel::kInfo, fmt::format("to be seen url={}", page->url()));
  return page;
}

// The stages' process groups are in the background, where a read from a terminal stops them.
Pipeline WithInput(Pipeline pipeline) {
  const StageSpec& reader = pipeline.stages.front();
  if (reader.reads_stdin() && isatty(STDIN_FILENO) == 1)
    throw Error(
        ErrorKind::kConfiguration,
        fmt::format("{}: --from - does not read from a terminal: use --from FILE, or < FILE",
                    reader.where));
  return pipeline;
}

// What differs of that which is only looked at when rk-run starts.
std::vector<std::string> SettingsOfStart(const Pipeline& before, const Pipeline& now) {
  std::vector<std::string> settings;
  if (now.name != before.name) settings.emplace_back("name");
  if (now.http.address != before.http.address) settings.emplace_back("http");
  if (now.http.token_file != before.http.token_file) settings.emplace_back("http_token_file");
  return settings;
}

class Runner {
 public:
  Runner(const LoadPipeline& load, Stage& stage)
      : load_(load),
        stage_(stage),
        log_(events_.Watch(stage.log)),
        pipeline_(WithInput(load())),
        page_(OpenPage(pipeline_, stage.log)),
        directory_(pipeline_.name),
        supervisor_(WireUp(pipeline_), {ChildStarter(pipeline_.name, directory_.path()),
                                        [this] { Replay(); }, log_, pipeline_.cpus}),
        tracker_(pipeline_.name, steady_clock::now()) {
    stage_.signals.OnReload([this] {
      reload_ = true;
      wake_.Set();
    });
  }

  ~Runner() { stage_.signals.OnReload(nullptr); }

  int Run() {
    while (!supervisor_.over()) {
      const auto now = steady_clock::now();
      if (stage_.signals.draining() && !supervisor_.draining()) {
        notifier_.Tell("STOPPING=1");
        log_(LogLevel::kInfo, "draining: told to stop");
        next_status_ = now;  // for who asks whether it is ready
        supervisor_.Drain();
      }
      if (reload_.exchange(false)) Reload();
      supervisor_.Step(now);
      Report(now);
      if (!supervisor_.over()) Wait(now);
    }
    stage_.log(LogLevel::kInfo,
               "ended " + StatusLine(tracker_.Look(supervisor_, steady_clock::now())));
    return supervisor_.status();
  }

 private:
  std::vector<Unit> WireUp(const Pipeline& pipeline) {
    return Wire(pipeline, directory_.path(), PartitionsOf(pipeline, stage_.log),
                InstanceOf(pipeline));
  }

  // The machine with the readers notices by itself.
  void Replay() {
    if (pipeline_.spread.join.empty()) AskForReplay(directory_.path(), stage_.log);
  }

  void Reload() {
    try {
      Pipeline pipeline = load_();
      const std::vector<std::string> kept = SettingsOfStart(pipeline_, pipeline);
      pipeline.name = pipeline_.name;
      supervisor_.Reload(WireUp(pipeline), pipeline.cpus);
      log_(LogLevel::kInfo, "reloading: checking for changes");
      if (kept.empty()) return;
      log_(LogLevel::kWarning, fmt::format("not applied without a restart: {} of the section run",
                                           fmt::join(kept, ", ")));
    } catch (const Error& error) {
      log_(LogLevel::kError, fmt::format("nothing changed: {}", error.what()));
    }
  }

  void Report(steady_clock::time_point now) {
    const bool up = supervisor_.was_ready() && !std::exchange(told_up_, true);
    // Before anybody is told, so that whoever then asks for the status finds it.
    const bool due = now >= next_status_;
    if (up || due) ReportStatus(now);
    // How long other machines take is no reason to end this one, as systemd does with who is late.
    if (up) notifier_.Tell("READY=1");
    const bool waits = due && !up && told_up_ && shown_.state == "starting";
    if (waits && !std::exchange(told_waits_, true))
      log_(LogLevel::kInfo, "not ready yet: " + WhyNotJoined(shown_));
    if (shown_.state == "running" && !std::exchange(told_ready_, true)) {
      log_(LogLevel::kInfo, fmt::format("ready pipeline={} seconds={:.2f}", pipeline_.name,
                                        std::chrono::duration<double>(now - began_).count()));
    }
    if (notifier_.watchdog() && now >= next_watchdog_) {
      notifier_.Tell("WATCHDOG=1");
      next_watchdog_ = now + *notifier_.watchdog();
    }
  }

  void ReportStatus(steady_clock::time_point now) {
    next_status_ = now + kBetweenStatus;
    PipelineStatus status = tracker_.Look(supervisor_, now);
    LogReloads(shown_, status, log_);
    status.events = events_.last();
    Replace(StatusFile(directory_.path(), "state"), status.state);
    Replace(StatusFile(directory_.path(), "ready"), WhyNotReady(status).empty() ? "yes" : "no");
    Replace(StatusFile(directory_.path(), "table"), StatusTable(status));
    Replace(StatusFile(directory_.path(), "json"), StatusJson(status));
    Replace(StatusFile(directory_.path(), "prometheus"), StatusPrometheus(status));
    if (page_) page_->Show(status, now);
    shown_ = status;
    if (stage_.report_interval.count() == 0 || now < next_line_) return;
    if (told_up_) stage_.log(LogLevel::kInfo, StatusLine(status));
    next_line_ = now + stage_.report_interval;
  }

  void Wait(steady_clock::time_point now) {
    auto until = std::min(supervisor_.next_due(now), next_status_);
    if (notifier_.watchdog()) until = std::min(until, next_watchdog_);
    std::vector<pollfd> watched = {{wake_.fd(), POLLIN, 0}};
    // Once it drains this stays readable.
    if (!supervisor_.draining()) watched.push_back({stage_.signals.drain_fd(), POLLIN, 0});
    supervisor_.Watch(watched);
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
    (void)poll(watched.data(), watched.size(),
               static_cast<int>(std::max<int64_t>(left.count(), 0)));
    wake_.Clear();
  }

  const LoadPipeline& load_;
  Stage& stage_;
  EventLog events_;
  Log log_;  ///< of what happens to the pipeline
  Pipeline pipeline_;
  std::unique_ptr<StatusPage> page_;
  PipelineDir directory_;
  EventFd wake_;
  std::atomic<bool> reload_ = false;
  SystemdNotifier notifier_;
  Supervisor supervisor_;
  StatusTracker tracker_;
  PipelineStatus shown_;
  const steady_clock::time_point began_ = steady_clock::now();
  bool told_up_ = false;     ///< all that runs here has been ready
  bool told_waits_ = false;  ///< and that it waits for other machines
  bool told_ready_ = false;  ///< and what it needs of other machines
  steady_clock::time_point next_status_{};
  steady_clock::time_point next_line_ = began_ + stage_.report_interval;
  steady_clock::time_point next_watchdog_{};
};

}  // namespace

size_t PartitionsOf(const Pipeline& pipeline, const Log& log) {
  const StageSpec& reader = pipeline.stages.front();
  if (!reader.per_partition) return 1;
  const std::string topic = reader.options.value("--topic");
  const auto found = Admin(ClientOf(reader, log), log).Describe(topic);
  if (!found)
    throw Error(ErrorKind::kMissing,
                fmt::format("{}: topic {} does not exist", reader.name, topic));
  return static_cast<size_t>(found->partitions);
}

std::string InstanceOf(const Pipeline& pipeline) {
  if (!pipeline.instance.empty()) return pipeline.instance;
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return fmt::format("{}-{}", host.data(), pipeline.name);
}

int RunPipeline(const LoadPipeline& load, Stage& stage) { return Runner(load, stage).Run(); }

int CheckStages(const Pipeline& pipeline, const Log& log) {
  (void)WithInput(pipeline);
  std::set<std::vector<std::string>> seen;
  int first = 0;
  for (const Unit& unit :
       Wire(pipeline, RuntimeDir().path(), PartitionsOf(pipeline, log), InstanceOf(pipeline))) {
    for (const ProcessSpec& process : unit.processes) {
      if (!seen.insert(process.argv).second) continue;
      Program program{.argv = process.argv};
      program.file = OwnTool(process.argv[0]);
      program.argv.emplace_back("--check");
      Process check(program);
      pollfd dead{check.exit_fd(), POLLIN, 0};
      while (!check.TryReap()) (void)poll(&dead, 1, -1);
      const int status = *check.TryReap();
      if (status == 0) continue;
      log(LogLevel::kError, fmt::format("{} could not start status={}", process.name, status));
      if (first == 0) first = status;
    }
  }
  return first;
}

RunningStatus ReadStatus(const std::string& name, const std::string& form) {
  const std::string directory = PipelinePath(name);
  RunningStatus status;
  if (IsRunning(directory)) {
    status.text = ReadText(StatusFile(directory, form));
    status.starting = ReadText(StatusFile(directory, "state")) == "starting";
  }
  if (status.text.empty()) {
    throw Error(
        ErrorKind::kUnavailable,
        fmt::format("no pipeline {} is running here (see --name, and RK_RUNTIME_DIR)", name));
  }
  return status;
}

bool IsReady(const std::string& name) { return ReadStatus(name, "ready").text == "yes"; }

void RequireAlive(const std::string& name) {
  (void)ReadStatus(name, "state");
  const auto written = std::filesystem::last_write_time(StatusFile(PipelinePath(name), "state"));
  const auto ago = std::filesystem::file_time_type::clock::now() - written;
  if (ago <= kLongestTurn) return;
  throw Error(ErrorKind::kUnavailable,
              fmt::format("the supervisor of {} last turned {} s ago", name,
                          std::chrono::floor<std::chrono::seconds>(ago).count()));
}

}  // namespace rk
