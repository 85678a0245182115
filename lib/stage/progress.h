#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "lib/base/event_fd.h"

namespace rk {

struct Stage;

/// How far work has come that has an end.
struct ProgressState {
  double done = 0;
  std::optional<double> total;  ///< nullopt while it is not known
};

/// How fast it goes, over the last kWindow, and what to say of it. A pure class: times are the
/// caller's.
class ProgressMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kWindow{5};

  explicit ProgressMeter(std::string unit) : unit_(std::move(unit)) {}

  /// `12,345 of 100,000 records (12%), 4,321/s, 20 s left`; what is not known is left out.
  std::string Look(const ProgressState& state, Time now);

 private:
  std::string unit_;
  std::deque<std::pair<Time, double>> past_;
};

/// One line on stderr that says how far a stage has come, twice a second from its first second on:
/// only where stderr is a terminal, the log is text and not of errors alone, and no supervisor
/// shows it elsewhere. Lines of the log take its place. Its destructor wipes it. A thread of its
/// own, if it shows anything, which calls `look`.
class Progress {
 public:
  Progress(const Stage& stage, std::string unit, std::function<ProgressState()> look);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void Run(const std::string& tool, ProgressMeter meter);

  std::function<ProgressState()> look_;
  int fd_;
  EventFd stop_;
  std::thread thread_;
};

/// Does `work`, and shows how far it is as it says so itself: `tell` with how many steps are done
/// and how many there are. Returns and throws what it does.
using TellSteps = std::function<void(size_t done, size_t total)>;
std::string ShowSteps(const Stage& stage, const std::string& unit,
                      const std::function<std::string(const TellSteps& tell)>& work);

}  // namespace rk
