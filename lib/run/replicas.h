#pragma once

#include <poll.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/log.h"
#include "lib/observe/pipeline_status.h"
#include "lib/observe/snapshot.h"
#include "lib/run/child.h"
#include "lib/run/restart_policy.h"
#include "lib/run/wiring.h"

namespace rk {

/// The processes of one unit: a place for each that there can be, of which the first `wanted` are
/// to be filled, and those on their way out. It does what it is told; when, the Supervisor decides.
/// One thread.
class Replicas {
 public:
  using Clock = std::chrono::steady_clock;

  Replicas(Unit unit, StartChild start, Log log);

  const Unit& unit() const { return unit_; }
  size_t wanted() const { return wanted_; }
  /// Processes that run, those on their way out included.
  size_t running() const;
  /// Each of them, and the places that wait to be filled again.
  std::vector<ReplicaStatus> processes(Clock::time_point now) const;
  /// Each place that is to be filled is, by a process that has said that it is ready.
  bool ready() const;
  /// Every process has come to its own end, as readers with -e do.
  bool finished() const;
  uint64_t restarts() const { return restarts_; }
  /// Of all that run and ever ran.
  MetricsSnapshot metrics() const;

  struct Exit {
    size_t place = 0;
    std::string name;
    int status = 0;
    bool asked = false;    ///< it was told to go by us
    bool drained = false;  ///< it was told to go, by whomever
  };
  /// Takes in what the processes say, and those that are dead.
  std::vector<Exit> Look(Clock::time_point now);
  /// Fills places that are due. Throws what starting throws.
  void Start(Clock::time_point now);
  /// When the next place is due; nullopt if none waits.
  std::optional<Clock::time_point> next_due() const;

  /// After an exit that nobody asked for: the place is to be filled again after the pause that is
  /// returned; nullopt if it died too often.
  std::optional<std::chrono::milliseconds> Restart(size_t place, Clock::time_point now);
  /// After one that was its own end.
  void Finish(size_t place);

  /// Fills more places, or has those at the end drain and go.
  void Scale(size_t wanted);
  /// What the unit is from now on. Processes whose command is another one stay until Roll().
  void Become(Unit unit);
  /// Some process is on its way in or out.
  bool moving() const;
  /// Replaces one process that should have another command, if there is one: what is exclusive
  /// goes first, else the new one is ready before the old one goes.
  bool Roll(Clock::time_point now);
  /// Those whose command is the one before, since a process with the new one died at its start.
  std::vector<std::string> refused() const;
  /// Has those that stay read again what their command names, if that is something they do; returns
  /// how many.
  size_t Reload();
  void SignalAll(int signal);
  /// Has all go, and fills no place again.
  void StopAll();

  /// Adds what to poll(2) for POLLIN.
  void Watch(std::vector<pollfd>& watched) const;

 private:
  struct Running {
    std::unique_ptr<Child> child;
    ProcessSpec spec;
    size_t place = 0;
    bool ready = false;
    bool drained = false;
    std::string waits;  ///< why it cannot work though it is ready
    MetricsSnapshot metrics;
    Clock::time_point heard;  ///< when it was started, or last said something
  };
  struct Place {
    std::optional<Running> current;
    std::optional<Running> successor;
    std::optional<ProcessSpec> refused;  ///< a successor with it died before it was ready
    Clock::time_point start_at{};
    bool started = false;  ///< there has been a process in it
    bool finished = false;
    RestartPolicy policy;
  };

  Running Begin(size_t place, Clock::time_point now);
  void LetGo(std::optional<Running>& process, int signal = SIGTERM);
  bool IsStale(size_t place) const;
  bool IsLeaving(size_t place) const;
  bool IsOpen(size_t place) const;  ///< a process may start in it as soon as it is due
  static void Listen(Running& process, Clock::time_point now);
  bool Reap(std::optional<Running>& process, bool asked, Clock::time_point now,
            std::vector<Exit>& exits);
  template <typename Use>
  void ForEach(Use&& use) const;

  Unit unit_;
  StartChild start_;
  Log log_;
  size_t wanted_;
  std::vector<Place> places_;
  std::vector<std::optional<Running>> leaving_;
  bool begun_ = false;    ///< one was ready: who starts from now on joins what runs
  MetricsSnapshot past_;  ///< of those that are gone
  uint64_t restarts_ = 0;
};

}  // namespace rk
