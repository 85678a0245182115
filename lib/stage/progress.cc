#include "lib/stage/progress.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include <fmt/format.h>

#include "lib/base/descriptor_io.h"
#include "lib/base/environment.h"
#include "lib/stage/tool.h"

namespace rk {
namespace {

using std::chrono::steady_clock;

constexpr int kFirstMs = 1000;
constexpr int kBetweenMs = 500;

std::string WithCommas(double number) {
  const std::string digits = fmt::format("{:.0f}", number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string InTime(double seconds) {
  constexpr double kMinute = 60;
  constexpr double kHour = 3600;
  if (seconds < 2 * kMinute) return fmt::format("{:.0f} s", std::ceil(seconds));
  if (seconds < 2 * kHour) return fmt::format("{:.0f} min", seconds / kMinute);
  return fmt::format("{:.0f} h", seconds / kHour);
}

bool IsShown(const Stage& stage) {
  const auto& words = stage.log_options;
  const bool silent = std::ranges::find(words, "-q") != words.end() ||
                      std::ranges::find(words, "json") != words.end();
  return !silent && stage.supervisor == nullptr && isatty(stage.error) == 1 &&
         Environment("TERM").value_or("dumb") != "dumb";
}

size_t WidthOf(int fd) {
  constexpr size_t kUsual = 80;
  winsize size = {};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

}  // namespace

std::string ProgressMeter::Look(const ProgressState& state, Time now) {
  past_.emplace_back(now, state.done);
  while (past_.size() > 2 && now - past_[1].first >= kWindow) past_.pop_front();
  const double seconds = std::chrono::duration<double>(now - past_.front().first).count();
  const double rate = seconds > 0 ? (state.done - past_.front().second) / seconds : 0;
  std::string text = WithCommas(state.done);
  if (state.total) text += " of " + WithCommas(*state.total);
  text += " " + unit_;
  if (state.total && *state.total > 0)
    text += fmt::format(" ({:.0f}%)", std::floor(100 * state.done / *state.total));
  if (seconds > 0) text += fmt::format(", {}/s", WithCommas(rate));
  if (state.total && rate > 0)
    text += fmt::format(", {} left", InTime(std::max(0.0, *state.total - state.done) / rate));
  return text;
}

Progress::Progress(const Stage& stage, std::string unit, std::function<ProgressState()> look)
    : look_(std::move(look)), fd_(stage.error) {
  if (!IsShown(stage)) return;
  thread_ =
      std::thread([this, tool = stage.name, meter = ProgressMeter(std::move(unit))]() mutable {
        Run(tool, std::move(meter));
      });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  stop_.Set();
  thread_.join();
}

// The cursor stays at the beginning, so that a line of anybody's log is written over it; what is
// left of it behind that a log of ours has wiped before (StderrLog).
void Progress::Run(const std::string& tool, ProgressMeter meter) {
  pollfd stop{stop_.fd(), POLLIN, 0};
  (void)meter.Look(look_(), steady_clock::now());
  bool shown = false;
  for (int wait = kFirstMs; poll(&stop, 1, wait) == 0; wait = kBetweenMs) {
    std::string text = tool + ": " + meter.Look(look_(), steady_clock::now());
    text.resize(std::min(text.size(), WidthOf(fd_) - 1));
    (void)WriteAll(fd_, "\x1b[K" + text + '\r');
    shown = true;
  }
  if (shown) (void)WriteAll(fd_, "\x1b[K");
}

std::string ShowSteps(const Stage& stage, const std::string& unit,
                      const std::function<std::string(const TellSteps& tell)>& work) {
  std::atomic<size_t> done = 0;
  std::atomic<size_t> total = 0;
  const Progress progress(stage, unit, [&] {
    return ProgressState{static_cast<double>(done), static_cast<double>(total)};
  });
  return work([&](size_t steps, size_t all) {
    done = steps;
    total = all;
  });
}

}  // namespace rk
