#include "lib/top/view.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

#include <fmt/format.h>

namespace rk {
namespace {

constexpr size_t kTopLines = 4;  // before the stages
constexpr size_t kNameWidth = 18;

// A column behind the name: what it is called, how wide it is, by what it is sorted, what it shows.
struct Column {
  std::string_view name;
  int width;
  double (*value)(const StageStatus& stage);
  std::string (*text)(const StageStatus& stage);
};

double Waiting(const StageStatus& stage) {
  return stage.has_queue ? static_cast<double>(stage.queue) : -1;
}

constexpr double kBytesOfMegabyte = 1e6;

const std::array<Column, 9> kColumns = {{
    {"REPL", 6, [](const StageStatus& s) { return static_cast<double>(s.replicas); },
     [](const StageStatus& s) { return fmt::format("{}/{}", s.replicas, s.max); }},
    {"REST", 5, [](const StageStatus& s) { return static_cast<double>(s.restarts); },
     [](const StageStatus& s) { return ShortNumber(static_cast<double>(s.restarts)); }},
    {"IN", 7, [](const StageStatus& s) { return static_cast<double>(s.in); },
     [](const StageStatus& s) { return ShortNumber(static_cast<double>(s.in)); }},
    {"FAILED", 7, [](const StageStatus& s) { return static_cast<double>(s.failed); },
     [](const StageStatus& s) { return ShortNumber(static_cast<double>(s.failed)); }},
    {"REC/S", 7, [](const StageStatus& s) { return s.rate; },
     [](const StageStatus& s) { return ShortNumber(s.rate); }},
    {"QUEUE", 7, Waiting,
     [](const StageStatus& s) {
       return s.has_queue ? ShortNumber(static_cast<double>(s.queue)) : "-";
     }},
    {"P99 MS", 8, [](const StageStatus& s) { return s.has_queue ? s.wait_p99_s : -1; },
     [](const StageStatus& s) {
       return s.has_queue ? fmt::format("{:.1f}", s.wait_p99_s * 1e3) : "-";
     }},
    {"MB", 7, [](const StageStatus& s) { return static_cast<double>(s.rss_bytes); },
     [](const StageStatus& s) {
       return ShortNumber(static_cast<double>(s.rss_bytes) / kBytesOfMegabyte);
     }},
    {"LAG", 7,
     [](const StageStatus& s) { return s.is_reader ? static_cast<double>(s.lag_records) : -1; },
     [](const StageStatus& s) {
       return s.is_reader ? ShortNumber(static_cast<double>(s.lag_records)) : "-";
     }},
}};

// Stages' names are ASCII, and so is all else but what events quote: that becomes question marks.
std::string Fit(std::string text, size_t width) {
  if (text.size() > width) text.resize(width);
  for (char& byte : text) {
    if (byte < ' ' || byte > '~') byte = '?';
  }
  return text;
}

// Of the day, where the user is.
std::string TimeOf(int64_t at_ms) {
  const auto seconds = static_cast<std::time_t>(at_ms / 1000);
  std::tm local{};
  localtime_r(&seconds, &local);
  return fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

std::string Row(const StageStatus& stage) {
  std::string text = fmt::format("{:<{}}", Fit(stage.name, kNameWidth), kNameWidth);
  for (const Column& column : kColumns)
    text += fmt::format("{:>{}}", column.text(stage), column.width);
  return text;
}

}  // namespace

std::string ShortNumber(double number) {
  constexpr double kThousand = 1000;
  if (number < 100 * kThousand) return fmt::format("{:.0f}", number);
  if (number < 10'000 * kThousand) return fmt::format("{:.0f}k", number / kThousand);
  number /= kThousand * kThousand;
  if (number < 10 * kThousand) return fmt::format("{:.0f}M", number);
  return fmt::format("{:.0f}G", number / kThousand);
}

void TopView::Show(PipelineStatus status) {
  if (paused_) return;
  status_ = std::move(status);
  trouble_.clear();
}

bool TopView::Press(Key key) {
  switch (key) {
    case Key::kQuit:
      return false;
    case Key::kPause:
      paused_ = !paused_;
      break;
    case Key::kLeft:
      sort_ = sort_ == 0 ? kColumns.size() : sort_ - 1;
      break;
    case Key::kRight:
      sort_ = sort_ == kColumns.size() ? 0 : sort_ + 1;
      break;
    case Key::kReverse:
      reversed_ = !reversed_;
      break;
    case Key::kUp:
      scrolled_ -= scrolled_ > 0 ? 1 : 0;
      break;
    case Key::kDown:
      if (status_ && scrolled_ + 1 < status_->stages.size()) ++scrolled_;
      break;
    case Key::kOther:
      break;
  }
  return true;
}

std::vector<const StageStatus*> TopView::Sorted() const {
  std::vector<const StageStatus*> stages;
  for (const StageStatus& stage : status_->stages) stages.push_back(&stage);
  // Of numbers the largest come first.
  if (sort_ > 0) {
    const auto value = kColumns[sort_ - 1].value;
    std::ranges::stable_sort(stages, [value](const StageStatus* one, const StageStatus* other) {
      return value(*one) > value(*other);
    });
  }
  if (reversed_) std::ranges::reverse(stages);
  return stages;
}

std::string TopView::Head(size_t width) const {
  std::string text = fmt::format("{:<{}}", sort_ == 0 ? "*STAGE" : "STAGE", kNameWidth);
  for (size_t i = 0; i < kColumns.size(); ++i) {
    const std::string name = fmt::format("{}{}", sort_ == i + 1 ? "*" : "", kColumns[i].name);
    text += fmt::format("{:>{}}", name, kColumns[i].width);
  }
  return Fit(fmt::format("{:<{}}", text, width), width);
}

// The last ones, newest first, as far as there is room below the stages.
void TopView::AddEvents(size_t width, size_t height, std::vector<Line>& lines) const {
  const auto& events = status_->events;
  constexpr size_t kWithoutEnd = 5;
  const size_t used = lines.size() + 2;  // a blank line before, and the keys
  const size_t room = height == 0 ? kWithoutEnd : height - std::min(height, used);
  if (room == 0 || events.empty()) return;
  lines.push_back({});
  for (size_t i = 0; i < std::min(room, events.size()); ++i) {
    const PipelineEvent& event = events[events.size() - 1 - i];
    lines.push_back(
        {Fit(TimeOf(event.at_ms) + " " + event.text, width), event.level >= LogLevel::kWarning});
  }
}

std::vector<TopView::Line> TopView::Render(size_t width, size_t height) const {
  if (!status_) return {{Fit(trouble_.empty() ? "waiting for a status" : trouble_, width)}};
  std::vector<Line> lines;
  std::string title =
      fmt::format("{}: {} for {:.0f} s", status_->name, status_->state, status_->uptime_s);
  if (paused_) title += "  [paused]";
  if (!trouble_.empty()) title += "  [" + trouble_ + "]";
  lines.push_back({Fit(title, width), true});
  lines.push_back({Fit(Verdict(status_->not_ready, status_->bottleneck), width),
                   !status_->not_ready.empty() || !status_->bottleneck.empty()});
  lines.push_back({});
  lines.push_back({Head(width), false, true});
  const std::vector<const StageStatus*> stages = Sorted();
  const size_t room = height == 0 ? stages.size() : height - std::min(height, kTopLines + 1);
  const size_t first =
      height == 0 ? 0 : std::min(scrolled_, stages.size() - std::min(room, stages.size()));
  for (size_t i = first; i < std::min(first + room, stages.size()); ++i)
    lines.push_back({Fit(Row(*stages[i]), width), stages[i]->name == status_->bottleneck});
  AddEvents(width, height, lines);
  if (height == 0) return lines;
  lines.resize(std::min(lines.size(), height - std::min<size_t>(height, 1)));
  while (lines.size() + 1 < height) lines.push_back({});
  lines.push_back({Fit("q quit  p pause  left/right sort by  r reverse  up/down scroll", width)});
  return lines;
}

}  // namespace rk
