#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/log.h"
#include "lib/run/autoscaler.h"
#include "lib/run/replicas.h"
#include "lib/run/wiring.h"

namespace rk {

/// Keeps the processes of a pipeline running: starts them, starts again those that die, scales,
/// replaces and stops them (docs/architecture.md, Supervision). Decides by the clock that it is
/// handed and by what the children say, and touches nothing else, so that it can be tested with
/// children that are none. One thread.
class Supervisor {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kBetweenDecisions{5};

  struct Dependencies {
    StartChild start;
    /// A process died that may have held batches: the readers are to send again what is in flight.
    std::function<void()> replay;
    Log log;
    double cpus = 1;  ///< for what runs above the units' min
  };

  Supervisor(std::vector<Unit> units, Dependencies dependencies);

  /// Does all that is due. To be called when something of Watch() is readable, and at next_due().
  void Step(Clock::time_point now);
  Clock::time_point next_due(Clock::time_point now) const;
  void Watch(std::vector<pollfd>& watched) const;

  /// The readers drain; when they have exited, the others go, and it is over. Idempotent.
  void Drain();
  /// Changes to these units, and to so many cores (nullopt: as before): first each new command is
  /// run with --check; if one fails, that is logged and nothing changes; else processes are
  /// replaced one at a time, and models that stay are loaded again. Throws
  /// Error(kConfiguration) if the units are not the same in name and number, or one is still being
  /// changed.
  void Reload(std::vector<Unit> units, std::optional<double> cpus = {});

  /// Once everything has been ready.
  bool was_ready() const { return was_ready_; }
  bool draining() const { return phase_ != Phase::kRunning; }
  bool over() const { return phase_ == Phase::kOver; }
  /// The exit status of the pipeline, once it is over: 0, or that of the process that ended it.
  int status() const { return status_; }
  const std::vector<Replicas>& units() const { return units_; }
  /// Records that wait before a unit; 0 for the first.
  size_t waiting(size_t unit) const;

 private:
  enum class Phase { kRunning, kReadersGo, kStagesGo, kBalancesGo, kFailing, kOver };
  struct Change {
    std::vector<Unit> units;
    std::vector<std::pair<std::string, std::unique_ptr<Child>>> checks;
    double cpus = 1;
  };

  void Look(Clock::time_point now);
  void Judge(Replicas& unit, const Replicas::Exit& exit, Clock::time_point now);
  void Died(Replicas& unit, const Replicas::Exit& exit, Clock::time_point now);
  void StartAll(Clock::time_point now);
  void Fail(int status, const std::string& why, Clock::time_point now,
            LogLevel level = LogLevel::kError);
  void Advance(Clock::time_point now);
  bool StopNextStage();
  void Scale(Clock::time_point now);
  void ScaleOne(size_t index);
  void Progress(Clock::time_point now);
  void Apply();
  void TellChanged();
  template <typename Holds>
  bool All(Holds&& holds) const;

  Dependencies deps_;
  std::vector<Replicas> units_;
  std::vector<Autoscaler> scalers_;
  Phase phase_ = Phase::kRunning;
  bool was_ready_ = false;
  int status_ = 0;
  std::optional<Change> change_;
  bool rolling_ = false;
  bool changed_ = false;  ///< what rolls is not what was before
  Clock::time_point next_look_{};
  Clock::time_point next_decision_{};
  Clock::time_point kill_at_ = Clock::time_point::max();  ///< when failing
};

}  // namespace rk
