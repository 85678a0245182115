#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rk {

/// Lets a few of many lines by that are alike: kAtOnce of a kind in kWindow. The others are
/// counted, to be told when the window is over. Remembers kKinds kinds; what is over that goes by.
/// A pure class: times are the caller's. Not thread-safe.
class RepeatLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr size_t kAtOnce = 10;
  static constexpr std::chrono::seconds kWindow{10};
  static constexpr size_t kKinds = 100;

  struct LeftOut {
    size_t count = 0;
    std::string last;  ///< of the lines
  };

  /// True if the line may go. TakeLeftOut() goes first.
  bool Admit(const std::string& kind, std::string_view line, Time now) {
    if (kinds_.size() == kKinds && !kinds_.contains(kind)) {
      std::erase_if(kinds_, [now](const auto& one) { return one.second.over(now); });
      if (kinds_.size() == kKinds) return true;
    }
    Kind& known = kinds_[kind];
    if (known.over(now)) known = {now, 0, {}};
    if (known.admitted < kAtOnce) return ++known.admitted, true;
    ++known.left_out.count;
    known.left_out.last = line;
    return false;
  }

  /// What was left out in windows that are over.
  std::vector<LeftOut> TakeLeftOut(Time now) { return TakeLeftOut(now, false); }
  /// And in those that are not: nothing follows.
  std::vector<LeftOut> End() { return TakeLeftOut({}, true); }

 private:
  struct Kind {
    Time began{};
    size_t admitted = 0;
    LeftOut left_out;

    bool over(Time now) const { return now - began >= kWindow; }
  };

  std::vector<LeftOut> TakeLeftOut(Time now, bool all) {
    std::vector<LeftOut> taken;
    for (auto& [name, kind] : kinds_) {
      if (kind.left_out.count > 0 && (all || kind.over(now)))
        taken.push_back(std::exchange(kind.left_out, {}));
    }
    return taken;
  }

  std::map<std::string, Kind, std::less<>> kinds_;
};

/// What lines that say the same of other numbers have in common: the line without its digits.
inline std::string KindOfLine(std::string_view line) {
  std::string kind;
  for (const char byte : line) {
    if (byte < '0' || byte > '9') kind += byte;
  }
  return kind;
}

}  // namespace rk
