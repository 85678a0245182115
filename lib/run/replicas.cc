#include "lib/run/replicas.h"

#include <algorithm>
#include <csignal>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "lib/observe/text_forms.h"

namespace rk {
namespace {

constexpr std::string_view kWaits = "waits ";

}  // namespace

Replicas::Replicas(Unit unit, StartChild start, Log log)
    : unit_(std::move(unit)),
      start_(std::move(start)),
      log_(std::move(log)),
      wanted_(unit_.start),
      places_(unit_.processes.size()) {}

template <typename Use>
void Replicas::ForEach(Use&& use) const {
  for (const Place& place : places_) {
    if (place.current) use(*place.current);
    if (place.successor) use(*place.successor);
  }
  for (const auto& process : leaving_) use(*process);
}

size_t Replicas::running() const {
  size_t count = 0;
  ForEach([&](const Running&) { ++count; });
  return count;
}

std::vector<ReplicaStatus> Replicas::processes(Clock::time_point now) const {
  std::vector<ReplicaStatus> found;
  const auto add = [&](const Running& process, std::string state) {
    const double silent_s = std::chrono::duration<double>(now - process.heard).count();
    found.push_back(
        {process.spec.name, std::move(state), process.child->pid(), 0, silent_s, process.waits});
  };
  const auto state = [](const Running& process) {
    if (!process.ready) return "starting";
    return process.waits.empty() ? "ready" : "joining";
  };
  for (size_t number = 0; number < places_.size(); ++number) {
    const Place& place = places_[number];
    if (place.current) add(*place.current, state(*place.current));
    if (place.successor) add(*place.successor, state(*place.successor));
    if (number < wanted_ && place.started && IsOpen(number))
      found.push_back({unit_.processes[number].name, "waiting", 0, 0, 0});
  }
  for (const auto& process : leaving_) add(*process, "leaving");
  return found;
}

bool Replicas::ready() const {
  return std::ranges::all_of(std::span(places_).first(wanted_), [](const Place& place) {
    return place.finished || (place.current && place.current->ready);
  });
}

bool Replicas::finished() const {
  return running() == 0 && std::ranges::all_of(std::span(places_).first(wanted_),
                                               [](const Place& place) { return place.finished; });
}

MetricsSnapshot Replicas::metrics() const {
  MetricsSnapshot all = past_;
  ForEach([&](const Running& process) { all += process.metrics; });
  return all;
}

std::vector<Replicas::Exit> Replicas::Look(Clock::time_point now) {
  std::vector<Exit> exits;
  for (size_t number = 0; number < places_.size(); ++number) {
    Place& place = places_[number];
    if (place.successor) {
      const ProcessSpec spec = place.successor->spec;
      if (Reap(place.successor, false, now, exits)) {
        place.refused = spec;
        log_(LogLevel::kError,
             fmt::format(
                 "the new {} died before it was ready; the old one stays in service status={}",
                 spec.name, exits.back().status));
        exits.pop_back();
      } else if (place.successor->ready) {
        LetGo(place.current);
        place.current = std::exchange(place.successor, std::nullopt);
      }
    }
    Reap(place.current, false, now, exits);
  }
  for (auto& process : leaving_) Reap(process, true, now, exits);
  std::erase(leaving_, std::nullopt);
  return exits;
}

// Says whether it is dead, and then it is gone.
bool Replicas::Reap(std::optional<Running>& process, bool asked, Clock::time_point now,
                    std::vector<Exit>& exits) {
  if (!process) return false;
  const auto status = process->child->TryReap();
  Listen(*process, now);  // after that, so that the last words are heard
  begun_ |= process->ready;
  if (!status) return false;
  exits.push_back({process->place, process->spec.name, *status, asked, process->drained});
  past_ += process->metrics.Lasting();
  process.reset();
  return true;
}

void Replicas::Listen(Running& process, Clock::time_point now) {
  for (const std::string& line : process.child->ReadLines()) {
    process.heard = now;
    if (line == "ready") {
      process.ready = true;
    } else if (line == "drained") {
      process.drained = true;
    } else if (line.starts_with(kWaits)) {
      process.waits = line.substr(kWaits.size());
    } else {
      TakeWireLine(line, process.metrics);
    }
  }
}

void Replicas::Start(Clock::time_point now) {
  for (size_t number = 0; number < wanted_; ++number) {
    Place& place = places_[number];
    if (IsOpen(number) && place.start_at <= now) place.current = Begin(number, now);
  }
}

Replicas::Running Replicas::Begin(size_t place, Clock::time_point now) {
  const ProcessSpec& spec = unit_.processes[place];
  ProcessSpec command = spec;
  if (std::exchange(places_[place].started, true) || begun_)
    command.argv.insert(command.argv.end(), unit_.again.begin(), unit_.again.end());
  Running process{start_(command), spec, place, false, false, "", {}, now};
  log_(LogLevel::kInfo, fmt::format("started stage={} pid={}", spec.name, process.child->pid()));
  return process;
}

std::optional<Replicas::Clock::time_point> Replicas::next_due() const {
  std::optional<Clock::time_point> due;
  for (size_t number = 0; number < wanted_; ++number) {
    const Clock::time_point start_at = places_[number].start_at;
    if (IsOpen(number)) due = std::min(due.value_or(start_at), start_at);
  }
  return due;
}

std::optional<std::chrono::milliseconds> Replicas::Restart(size_t place, Clock::time_point now) {
  const auto pause = places_[place].policy.Died(now);
  if (!pause) return std::nullopt;
  ++restarts_;
  places_[place].start_at = now + *pause;
  return pause;
}

void Replicas::Finish(size_t place) { places_[place].finished = true; }

void Replicas::Scale(size_t wanted) {
  for (size_t number = wanted; number < wanted_; ++number) {
    LetGo(places_[number].successor);
    LetGo(places_[number].current);
  }
  for (size_t number = wanted_; number < wanted; ++number) places_[number].start_at = {};
  wanted_ = wanted;
}

void Replicas::LetGo(std::optional<Running>& process, int signal) {
  if (!process) return;
  process->child->Signal(signal);
  leaving_.push_back(std::exchange(process, std::nullopt));
}

void Replicas::Become(Unit unit) {
  const size_t wanted = std::clamp(wanted_, unit.min, unit.processes.size());
  if (wanted < wanted_) Scale(wanted);
  unit_ = std::move(unit);
  places_.resize(unit_.processes.size());
  if (wanted > wanted_) Scale(wanted);
  for (Place& place : places_) place.refused.reset();
}

bool Replicas::moving() const {
  return !leaving_.empty() || !ready() || std::ranges::any_of(places_, [](const Place& place) {
    return place.successor.has_value();
  });
}

bool Replicas::IsStale(size_t place) const {
  const auto& current = places_[place].current;
  return current && current->spec != unit_.processes[place] &&
         places_[place].refused != unit_.processes[place];
}

bool Replicas::IsOpen(size_t place) const {
  return !places_[place].current && !places_[place].finished &&
         !(unit_.exclusive && IsLeaving(place));
}

bool Replicas::IsLeaving(size_t place) const {
  return std::ranges::any_of(leaving_,
                             [&](const auto& process) { return process->place == place; });
}

bool Replicas::Roll(Clock::time_point now) {
  for (size_t number = 0; number < wanted_; ++number) {
    if (!IsStale(number)) continue;
    if (unit_.exclusive) {
      // A reader that is replaced stays in its group, so that its successor has its place at once.
      LetGo(places_[number].current, unit_.role == Role::kRead ? SIGUSR1 : SIGTERM);
    } else {
      places_[number].successor = Begin(number, now);
    }
    return true;
  }
  return false;
}

// Not one that is still starting: it may not know the signal yet, and has read nothing that is old.
size_t Replicas::Reload() {
  if (!unit_.reloads) return 0;
  size_t told = 0;
  for (size_t number = 0; number < wanted_; ++number) {
    const auto& current = places_[number].current;
    if (!current || !current->ready || IsStale(number)) continue;
    current->child->Signal(SIGHUP);
    ++told;
  }
  return told;
}

std::vector<std::string> Replicas::refused() const {
  std::vector<std::string> names;
  for (size_t number = 0; number < wanted_; ++number) {
    const ProcessSpec& spec = unit_.processes[number];
    const Place& place = places_[number];
    if (place.refused == spec && place.current && place.current->spec != spec)
      names.push_back(spec.name);
  }
  return names;
}

void Replicas::SignalAll(int signal) {
  ForEach([&](const Running& process) { process.child->Signal(signal); });
}

void Replicas::StopAll() { Scale(0); }

void Replicas::Watch(std::vector<pollfd>& watched) const {
  ForEach([&](const Running& process) {
    watched.push_back({process.child->exit_fd(), POLLIN, 0});
    watched.push_back({process.child->status_fd(), POLLIN, 0});
  });
}

}  // namespace rk
