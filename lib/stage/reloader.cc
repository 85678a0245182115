#include "lib/stage/reloader.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

#include <fmt/format.h>

namespace rk {

struct Reloader::State {
  std::mutex mutex;
  std::condition_variable changed;
  bool wanted = false;
  bool stop = false;

  // False once it is over.
  bool Wait() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return wanted || stop; });
    wanted = false;
    return !stop;
  }

  void Set(bool State::*flag) {
    const std::lock_guard lock(mutex);
    this->*flag = true;
    changed.notify_one();
  }
};

Reloader::Reloader(Log log, Metrics& metrics)
    : log_(std::move(log)),
      reloads_(metrics.Counter("reloads")),
      failures_(metrics.Counter("reload_failures")),
      state_(std::make_shared<State>()) {}

void Reloader::Start(std::function<void()> reload) {
  thread_ = std::thread([this, reload = std::move(reload)] {
    while (state_->Wait()) {
      try {
        reload();
        reloads_.Add(1);
      } catch (const std::exception& error) {
        failures_.Add(1);
        log_(LogLevel::kError,
             fmt::format("reload failed, continuing as before: {}", error.what()));
      }
    }
  });
}

Reloader::~Reloader() {
  state_->Set(&State::stop);
  if (thread_.joinable()) thread_.join();
}

std::function<void()> Reloader::Request() const {
  return [state = state_] { state->Set(&State::wanted); };
}

}  // namespace rk
