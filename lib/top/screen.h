#pragma once

#include <memory>
#include <vector>

#include "lib/top/view.h"

namespace rk {

/// The terminal, by ncurses: no colours, only bold and reversed, so that any will do. One at a
/// time, one thread. The destructor gives the terminal back as it was.
class Screen {
 public:
  /// Throws Error(kUsage) if stdin and stdout are no terminal, or TERM names none that is known.
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  size_t width() const;
  size_t height() const;
  void Draw(const std::vector<TopView::Line>& lines);
  /// The next key, if one was pressed; a screen of another size is kOther.
  bool TryKey(TopView::Key* key);

 private:
  struct Terminal;
  std::unique_ptr<Terminal> terminal_;
};

}  // namespace rk
