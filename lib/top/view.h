#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "lib/observe/pipeline_status.h"

namespace rk {

/// What rk-top shows, as lines for a screen of any size, and what its keys do to that. A pure
/// class.
class TopView {
 public:
  enum class Key { kQuit, kPause, kLeft, kRight, kUp, kDown, kReverse, kOther };
  struct Line {
    std::string text;       ///< of at most the width
    bool strong = false;    ///< to be seen first
    bool reversed = false;  ///< the table's head
  };

  /// The newest status; while it is paused that is passed by.
  void Show(PipelineStatus status);
  /// There is none: why. What was there last stays.
  void ShowTrouble(std::string why) { trouble_ = std::move(why); }

  /// False if it is over.
  bool Press(Key key);

  /// `height` lines at most; 0: as many as there are, without those that tell of keys.
  std::vector<Line> Render(size_t width, size_t height) const;

 private:
  std::vector<const StageStatus*> Sorted() const;
  std::string Head(size_t width) const;
  void AddEvents(size_t width, size_t height, std::vector<Line>& lines) const;

  std::optional<PipelineStatus> status_;
  std::string trouble_;
  bool paused_ = false;
  size_t sort_ = 0;  ///< the column; 0, the name's, is the order of the flow
  bool reversed_ = false;
  size_t scrolled_ = 0;
};

/// A number in at most six characters: 12345, 123.4k, 12.3M.
std::string ShortNumber(double number);

}  // namespace rk
