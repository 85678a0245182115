#include "lib/top/screen.h"

#include <curses.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "lib/base/environment.h"
#include "lib/base/error.h"

namespace rk {

struct Screen::Terminal {
  SCREEN* screen = nullptr;
};

Screen::Screen() : terminal_(std::make_unique<Terminal>()) {
  if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
    throw Error(ErrorKind::kUsage, "this is no terminal: --once prints the state and exits");
  terminal_->screen = newterm(nullptr, stdout, stdin);
  if (terminal_->screen == nullptr) {
    throw Error(ErrorKind::kUsage, "no such terminal as TERM=" + Environment("TERM").value_or("") +
                                       ": set TERM, or use --once");
  }
  set_term(terminal_->screen);
  cbreak();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  curs_set(0);
  set_escdelay(25);  // ms; an arrow comes at once
}

Screen::~Screen() {
  endwin();
  delscreen(terminal_->screen);
}

size_t Screen::width() const { return static_cast<size_t>(std::max(getmaxx(stdscr), 1)); }
size_t Screen::height() const { return static_cast<size_t>(std::max(getmaxy(stdscr), 1)); }

void Screen::Draw(const std::vector<TopView::Line>& lines) {
  erase();
  int row = 0;
  for (const TopView::Line& line : lines) {
    const attr_t attributes = (line.strong ? A_BOLD : A_NORMAL) | (line.reversed ? A_REVERSE : 0);
    attrset(attributes);
    mvaddnstr(row++, 0, line.text.c_str(), static_cast<int>(line.text.size()));
  }
  attrset(A_NORMAL);
  refresh();
}

bool Screen::TryKey(TopView::Key* key) {
  using Key = TopView::Key;
  const int code = getch();
  switch (code) {
    case ERR:
      return false;
    case 'q':
    case 'Q':
      *key = Key::kQuit;
      break;
    case 'p':
    case ' ':
      *key = Key::kPause;
      break;
    case 'r':
      *key = Key::kReverse;
      break;
    case KEY_LEFT:
      *key = Key::kLeft;
      break;
    case KEY_RIGHT:
      *key = Key::kRight;
      break;
    case KEY_UP:
      *key = Key::kUp;
      break;
    case KEY_DOWN:
      *key = Key::kDown;
      break;
    default:
      *key = Key::kOther;
  }
  return true;
}

}  // namespace rk
