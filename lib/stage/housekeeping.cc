#include "lib/stage/housekeeping.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

using Clock = Signals::Clock;

Descriptor Opened(int fd) {
  if (fd >= 0) return Descriptor(fd);
  throw Error(ErrorKind::kIo, fmt::format("cannot wait for signals: {}", std::strerror(errno)));
}

void Watch(const Descriptor& poll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  if (epoll_ctl(poll.fd(), EPOLL_CTL_ADD, fd, &event) != 0)
    throw Error(ErrorKind::kIo, fmt::format("cannot wait for signals: {}", std::strerror(errno)));
}

}  // namespace

Housekeeping::Housekeeping(Signals& signals, Reports* reports, StatusPipe* status)
    : signals_(signals),
      reports_(reports),
      status_(status),
      timer_(Opened(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC))),
      poll_(Opened(epoll_create1(EPOLL_CLOEXEC))) {
  Watch(poll_, signals_.fd());
  Watch(poll_, timer_.fd());
  SetTimer();
}

Housekeeping::~Housekeeping() {
  stop_.Set();
  if (thread_) thread_->join();
}

void Housekeeping::OnReadable() {
  uint64_t expirations = 0;
  (void)!read(timer_.fd(), &expirations, sizeof expirations);
  signals_.OnReadable();
  const Clock::time_point now = Clock::now();
  signals_.OnTick(now);
  if (status_ != nullptr) status_->OnTick(now);
  if (reports_ != nullptr) reports_->OnTick(now);
  SetTimer();
}

void Housekeeping::StartThread() {
  if (!thread_) thread_.emplace([this] { RunThread(); });
}

void Housekeeping::RunThread() {
  std::array<pollfd, 2> fds = {{{poll_.fd(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}}};
  while (true) {
    if (poll(fds.data(), fds.size(), -1) <= 0) continue;
    if (fds[1].revents != 0) return;
    OnReadable();
  }
}

// Without anything to come the timer is disarmed.
void Housekeeping::SetTimer() {
  Clock::time_point due = signals_.next_due();
  if (reports_ != nullptr) due = std::min(due, reports_->next_due());
  if (status_ != nullptr) due = std::min(due, status_->next_due());
  itimerspec timer{};
  if (due != Clock::time_point::max()) {
    const auto left =
        std::max<std::chrono::nanoseconds>(due - Clock::now(), std::chrono::nanoseconds(1));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    timer.it_value = {seconds.count(), (left - seconds).count()};
  }
  timerfd_settime(timer_.fd(), 0, &timer, nullptr);
}

}  // namespace rk
