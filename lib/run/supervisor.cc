#include "lib/run/supervisor.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/error.h"
#include "lib/stage/exit_code.h"

namespace rk {
namespace {

constexpr std::chrono::seconds kBetweenLooks{1};
// For readers to commit what is acknowledged, which they do every second, when a pipeline fails.
constexpr std::chrono::seconds kFailingGrace{2};

std::string Describe(int status) {
  const char* name = status > 128 ? sigabbrev_np(status - 128) : nullptr;
  return name == nullptr ? fmt::format("status={}", status)
                         : fmt::format("status={} signal=SIG{}", status, name);
}

Autoscaler::Limits LimitsOf(const Unit& unit) {
  return {unit.min, unit.processes.size(), unit.scale_up_above, unit.scale_down_below};
}

}  // namespace

Supervisor::Supervisor(std::vector<Unit> units, Dependencies dependencies)
    : deps_(std::move(dependencies)) {
  for (Unit& unit : units) units_.emplace_back(std::move(unit), deps_.start, deps_.log);
  scalers_.resize(units_.size());
}

template <typename Holds>
bool Supervisor::All(Holds&& holds) const {
  return std::ranges::all_of(units_, holds);
}

void Supervisor::Step(Clock::time_point now) {
  Look(now);
  StartAll(now);
  Advance(now);
  if (phase_ != Phase::kRunning) return;
  if (!was_ready_) was_ready_ = All([](const Replicas& unit) { return unit.ready(); });
  if (was_ready_) Scale(now);
  Progress(now);
}

Supervisor::Clock::time_point Supervisor::next_due(Clock::time_point now) const {
  Clock::time_point due = std::min(now + kBetweenLooks, kill_at_);
  for (const Replicas& unit : units_) due = std::min(due, unit.next_due().value_or(due));
  return due;
}

void Supervisor::Watch(std::vector<pollfd>& watched) const {
  for (const Replicas& unit : units_) unit.Watch(watched);
  if (!change_) return;
  for (const auto& [name, check] : change_->checks)
    watched.push_back({check->exit_fd(), POLLIN, 0});
}

size_t Supervisor::waiting(size_t unit) const {
  const auto queue = units_[unit].unit().queue;
  return queue ? units_[*queue].metrics().number("queue_records") : 0;
}

void Supervisor::Look(Clock::time_point now) {
  for (Replicas& unit : units_) {
    for (const Replicas::Exit& exit : unit.Look(now)) Judge(unit, exit, now);
  }
}

void Supervisor::Judge(Replicas& unit, const Replicas::Exit& exit, Clock::time_point now) {
  if (exit.asked) {
    if (exit.status == 0) return;
    deps_.log(LogLevel::kWarning,
              fmt::format("exited with an error stage={} {}", exit.name, Describe(exit.status)));
    if (phase_ == Phase::kRunning) deps_.replay();
    // Readers come first, since what they did not see acknowledged was not done. Of the others only
    // what is wrong with the records counts: all of those are acknowledged.
    const bool counts = unit.unit().role == Role::kRead || !MayGetBetter(exit.status);
    if (counts && status_ == 0 && draining()) status_ = exit.status;
    return;
  }
  const bool at_its_end = unit.unit().role == Role::kRead && exit.status == 0 && !exit.drained;
  if (at_its_end) return unit.Finish(exit.place);
  if (phase_ == Phase::kRunning || phase_ == Phase::kReadersGo) Died(unit, exit, now);
}

void Supervisor::Died(Replicas& unit, const Replicas::Exit& exit, Clock::time_point now) {
  const std::string what =
      fmt::format("{} stage={} {}", exit.drained ? "was told to stop, but not by rk-run," : "died",
                  exit.name, Describe(exit.status));
  if (exit.status != 0 && !MayGetBetter(exit.status)) return Fail(exit.status, what, now);
  if (unit.unit().processes[exit.place].with_stdin) {
    return Fail(exit.status == 0 ? kExitTryAgain : exit.status,
                what + ", and lines that it had read of standard input are gone", now);
  }
  if (unit.unit().prints && exit.status == kExitBrokenPipe)
    return Fail(exit.status, what + ", standard output is closed", now, LogLevel::kInfo);
  const auto pause = unit.Restart(exit.place, now);
  if (!pause)
    return Fail(exit.status == 0 ? kExitTryAgain : exit.status, what + ", too often", now);
  deps_.log(LogLevel::kWarning, fmt::format("{}: restarting in_s={:g}", what,
                                            std::chrono::duration<double>(*pause).count()));
  deps_.replay();
}

void Supervisor::StartAll(Clock::time_point now) {
  // Once the readers have gone nothing is left to be done by a process that is not there.
  if (phase_ != Phase::kRunning && phase_ != Phase::kReadersGo) return;
  try {
    for (Replicas& unit : units_) unit.Start(now);
  } catch (const Error& error) {
    Fail(ExitCodeOf(error.kind()), error.what(), now);
  }
}

void Supervisor::Fail(int status, const std::string& why, Clock::time_point now, LogLevel level) {
  if (phase_ == Phase::kFailing || phase_ == Phase::kOver) return;
  deps_.log(level, why + ": ending the pipeline");
  status_ = status;
  phase_ = Phase::kFailing;
  kill_at_ = now + kFailingGrace;
  for (Replicas& unit : units_) unit.StopAll();
}

void Supervisor::Drain() {
  if (phase_ != Phase::kRunning) return;
  phase_ = Phase::kReadersGo;
  change_.reset();
  for (Replicas& unit : units_) {
    if (unit.unit().role == Role::kRead) unit.StopAll();
  }
}

// A pusher that leaves needs its collector, a fetcher its server: so the stages go one after the
// other, the last one first, and then the balances between them.
void Supervisor::Advance(Clock::time_point now) {
  const auto gone = [this](auto&& of) {
    return All([&](const Replicas& unit) { return !of(unit.unit().role) || unit.running() == 0; });
  };
  // Where there are no readers they are on another machine, and end nothing here.
  const bool reads = units_.front().unit().role == Role::kRead;
  if (phase_ == Phase::kRunning && reads && All([](const Replicas& unit) {
        return unit.unit().role != Role::kRead || unit.finished();
      })) {
    Drain();
  }
  if (phase_ == Phase::kReadersGo && gone([](Role role) { return role == Role::kRead; })) {
    phase_ = Phase::kStagesGo;
  }
  if (phase_ == Phase::kStagesGo && !StopNextStage()) {
    phase_ = Phase::kBalancesGo;
    for (Replicas& unit : units_) unit.StopAll();
  }
  if (phase_ == Phase::kFailing && now >= kill_at_) {
    for (Replicas& unit : units_) unit.SignalAll(SIGKILL);
  }
  if ((phase_ == Phase::kBalancesGo || phase_ == Phase::kFailing) &&
      gone([](Role) { return true; })) {
    phase_ = Phase::kOver;
    kill_at_ = Clock::time_point::max();
  }
}

// Says whether one is on its way out.
bool Supervisor::StopNextStage() {
  for (auto unit = units_.rbegin(); unit != units_.rend(); ++unit) {
    if (unit->unit().role == Role::kBalance || unit->running() == 0) continue;
    unit->StopAll();
    return true;
  }
  return false;
}

void Supervisor::Scale(Clock::time_point now) {
  if (now >= next_look_) {
    next_look_ = now + kBetweenLooks;
    for (size_t i = 0; i < units_.size(); ++i) scalers_[i].Look(waiting(i));
  }
  if (now < next_decision_) return;
  const bool first = next_decision_ == Clock::time_point{};
  next_decision_ = now + kBetweenDecisions;
  if (first || rolling_) return;
  for (size_t i = 0; i < units_.size(); ++i) ScaleOne(i);
}

void Supervisor::ScaleOne(size_t index) {
  Replicas& unit = units_[index];
  if (!unit.unit().queue || unit.unit().min == unit.unit().processes.size()) return;
  double cpus = unit.unit().cpus;
  for (const Replicas& one : units_) cpus += one.unit().cpus * static_cast<double>(one.wanted());
  const bool has_room = unit.unit().cpus == 0 || cpus <= deps_.cpus;
  const int step = scalers_[index].Decide(LimitsOf(unit.unit()), unit.wanted(), has_room);
  if (step == 0) return;
  const size_t wanted = step > 0 ? unit.wanted() + 1 : unit.wanted() - 1;
  deps_.log(LogLevel::kInfo, fmt::format("scaling {} stage={} replicas={} before={} queue={}",
                                         step > 0 ? "up" : "down", unit.unit().name, wanted,
                                         unit.wanted(), waiting(index)));
  unit.Scale(wanted);
}

void Supervisor::Reload(std::vector<Unit> units, std::optional<double> cpus) {
  if (phase_ != Phase::kRunning) throw Error(ErrorKind::kConfiguration, "the pipeline is ending");
  if (change_ || rolling_) {
    throw Error(ErrorKind::kConfiguration,
                "the previous change is still in progress: try again later");
  }
  const bool same = std::ranges::equal(units, units_, [](const Unit& one, const Replicas& other) {
    return one.name == other.unit().name && one.exclusive == other.unit().exclusive;
  });
  if (!same) {
    throw Error(
        ErrorKind::kConfiguration,
        "the file adds or removes stages, or connects them differently: that requires a restart");
  }
  const ProcessSpec& reader = units_.front().unit().processes.front();
  if (reader.with_stdin && reader != units.front().processes.front()) {
    throw Error(ErrorKind::kConfiguration,
                reader.name + " reads standard input: another command for it requires a restart");
  }
  Change change{std::move(units), {}, cpus.value_or(deps_.cpus)};
  std::set<std::vector<std::string>> known;
  for (const Replicas& unit : units_) {
    for (const ProcessSpec& process : unit.unit().processes) known.insert(process.argv);
  }
  for (const Unit& unit : change.units) {
    for (const ProcessSpec& process : unit.processes) {
      if (!known.insert(process.argv).second) continue;
      ProcessSpec check = process;
      check.argv.emplace_back("--check");
      change.checks.emplace_back(check.name, deps_.start(check));
    }
  }
  change_ = std::move(change);
}

void Supervisor::Progress(Clock::time_point now) {
  if (change_) {
    for (auto& [name, check] : change_->checks) {
      const auto status = check->TryReap();
      if (!status) return;
      if (*status == 0) continue;
      deps_.log(LogLevel::kError,
                fmt::format("nothing changed: {} could not start {}", name, Describe(*status)));
      change_.reset();
      return;
    }
    Apply();
  }
  if (!rolling_ || !All([](const Replicas& unit) { return !unit.moving(); })) return;
  rolling_ = std::ranges::any_of(units_, [&](Replicas& unit) { return unit.Roll(now); });
  if (!rolling_) TellChanged();
}

void Supervisor::TellChanged() {
  if (!changed_) return;
  std::vector<std::string> refused;
  for (const Replicas& unit : units_) {
    for (std::string& name : unit.refused()) refused.push_back(std::move(name));
  }
  if (refused.empty()) return deps_.log(LogLevel::kInfo, "applied the changes of the file");
  deps_.log(LogLevel::kError,
            fmt::format("applied the changes of the file, but not to {}: see above why",
                        fmt::join(refused, ", ")));
}

void Supervisor::Apply() {
  changed_ = change_->cpus != deps_.cpus;
  deps_.cpus = change_->cpus;
  std::vector<std::string> reloaded;
  for (size_t i = 0; i < units_.size(); ++i) {
    Unit now = units_[i].unit();
    const size_t start = std::exchange(now.start, change_->units[i].start);
    changed_ |= now != change_->units[i];
    units_[i].Become(std::move(change_->units[i]));
    if (now.start != start && now.start != units_[i].wanted()) {
      deps_.log(LogLevel::kWarning,
                fmt::format("replicas is for the start alone: not applied stage={} replicas={}",
                            now.name, units_[i].wanted()));
    }
    if (units_[i].Reload() > 0) reloaded.push_back(units_[i].unit().name);
  }
  change_.reset();
  if (!changed_) {
    deps_.log(LogLevel::kInfo, reloaded.empty()
                                   ? "the file changes no stage"
                                   : fmt::format("the file changes no stage: loading models again "
                                                 "stages={}",
                                                 fmt::join(reloaded, ",")));
  }
  rolling_ = true;
}

}  // namespace rk
