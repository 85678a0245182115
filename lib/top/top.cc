#include "lib/top/top.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "lib/base/error.h"
#include "lib/top/screen.h"
#include "lib/top/view.h"

namespace rk {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kBetweenLooks{1};
constexpr size_t kWidth = 80;

size_t WidthOfStdout() {
  winsize size = {};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kWidth;
}

void Look(const ReadPipelineStatus& read, TopView& view) {
  try {
    view.Show(read());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUnavailable) throw;
    view.ShowTrouble("not running");
  }
}

// False at the end.
bool PressKeys(Screen& screen, TopView& view) {
  TopView::Key key = TopView::Key::kOther;
  while (screen.TryKey(&key)) {
    if (!view.Press(key)) return false;
  }
  return true;
}

}  // namespace

std::string TopOnce(const ReadPipelineStatus& read) {
  TopView view;
  view.Show(read());
  std::string text;
  for (const TopView::Line& line : view.Render(WidthOfStdout(), 0)) {
    text += line.text.substr(0, line.text.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

void RunTop(const ReadPipelineStatus& read, int drain_fd) {
  TopView view;
  view.Show(read());
  Screen screen;
  auto next_look = steady_clock::now() + kBetweenLooks;
  while (PressKeys(screen, view)) {
    const auto now = steady_clock::now();
    if (now >= next_look) {
      Look(read, view);
      next_look = now + kBetweenLooks;
    }
    screen.Draw(view.Render(screen.width(), screen.height()));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_look - now);
    std::array<pollfd, 2> fds = {{{STDIN_FILENO, POLLIN, 0}, {drain_fd, POLLIN, 0}}};
    (void)poll(fds.data(), fds.size(), static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (fds[1].revents != 0 || (fds[0].revents & (POLLHUP | POLLERR)) != 0) return;
  }
}

}  // namespace rk
