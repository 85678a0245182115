#include "lib/top/view.h"

#include <catch2/catch.hpp>

#include "lib/top/status_json.h"

namespace rk {
namespace {

using Key = TopView::Key;

StageStatus Stage(const std::string& name, uint64_t in, double rate) {
  StageStatus stage;
  stage.name = name;
  stage.replicas = 1;
  stage.max = 4;
  stage.in = in;
  stage.rate = rate;
  return stage;
}

PipelineStatus Credit() {
  PipelineStatus status{"credit", "running", 12, "infer", {}};
  status.stages = {Stage("read", 1'234'567, 900), Stage("infer", 12'000, 1000),
                   Stage("write", 11'000, 950)};
  status.stages[0].is_reader = true;
  status.stages[0].lag_records = 77;
  status.stages[1].has_queue = true;
  status.stages[1].queue = 345;
  status.stages[1].wait_p99_s = 0.0125;
  status.stages[1].rss_bytes = 123'000'000;
  return status;
}

// The names at the lines' beginnings, of the table's rows.
std::vector<std::string> Rows(const TopView& view, size_t height = 0) {
  std::vector<std::string> names;
  for (const TopView::Line& line : view.Render(80, height)) {
    const std::string name = line.text.substr(0, line.text.find(' '));
    if (name == "read" || name == "infer" || name == "write") names.push_back(name);
  }
  return names;
}

using Names = std::vector<std::string>;

TEST_CASE("the screen has the state, the bottleneck, and a row for each stage") {
  TopView view;
  view.Show(Credit());
  const auto lines = view.Render(80, 24);
  REQUIRE(lines.size() == 24);
  CHECK(lines[0].text == "credit: running for 12 s");
  CHECK(lines[1].text == "the others wait for: infer");
  CHECK(lines[1].strong);
  CHECK(lines[3].reversed);
  CHECK(lines[5].text ==
        "infer                1/4    0  12000      0   1000    345    12.5    123      -");
  CHECK(lines[5].strong);
  CHECK(!lines[4].strong);
  CHECK(lines[4].text.ends_with(" 77"));
  CHECK(lines[23].text.starts_with("q quit"));
}

TEST_CASE("no line is wider than the screen, and there are no more than it has") {
  TopView view;
  view.Show(Credit());
  for (const size_t width : {1, 20, 79, 80, 200}) {
    for (const size_t height : {1, 2, 5, 6, 24}) {
      const auto lines = view.Render(width, height);
      CHECK(lines.size() <= height);
      for (const TopView::Line& line : lines) CHECK(line.text.size() <= width);
    }
  }
}

TEST_CASE("right and left choose what the stages are sorted by, largest first") {
  TopView view;
  view.Show(Credit());
  CHECK(Rows(view) == Names{"read", "infer", "write"});
  for (int i = 0; i < 5; ++i) view.Press(Key::kRight);  // REC/S
  CHECK(view.Render(80, 0)[3].text.find("*REC/S") != std::string::npos);
  CHECK(Rows(view) == Names{"infer", "write", "read"});
  view.Press(Key::kReverse);
  CHECK(Rows(view) == Names{"read", "write", "infer"});
  for (int i = 0; i < 5; ++i) view.Press(Key::kLeft);
  CHECK(Rows(view) == Names{"write", "infer", "read"});
  view.Press(Key::kLeft);  // LAG, the last
  view.Press(Key::kReverse);
  CHECK(Rows(view).front() == "read");
}

TEST_CASE("a screen that is too low is scrolled") {
  TopView view;
  view.Show(Credit());
  CHECK(Rows(view, 6) == Names{"read"});
  view.Press(Key::kDown);
  CHECK(Rows(view, 6) == Names{"infer"});
  for (int i = 0; i < 9; ++i) view.Press(Key::kDown);
  CHECK(Rows(view, 6) == Names{"write"});
  for (int i = 0; i < 9; ++i) view.Press(Key::kUp);
  CHECK(Rows(view, 6) == Names{"read"});
}

TEST_CASE("while it is paused nothing moves") {
  TopView view;
  view.Show(Credit());
  view.Press(Key::kPause);
  PipelineStatus later = Credit();
  later.uptime_s = 99;
  view.Show(later);
  CHECK(view.Render(80, 0)[0].text == "credit: running for 12 s  [paused]");
  view.Press(Key::kPause);
  view.Show(later);
  CHECK(view.Render(80, 0)[0].text == "credit: running for 99 s");
  CHECK(!view.Press(Key::kQuit));
}

TEST_CASE("what was there last stays when the pipeline is gone") {
  TopView view;
  view.ShowTrouble("not running");
  CHECK(view.Render(80, 24)[0].text == "not running");
  view.Show(Credit());
  view.ShowTrouble("not running");
  CHECK(view.Render(80, 24)[0].text == "credit: running for 12 s  [not running]");
}

TEST_CASE("the last events stand below the stages, newest first, as far as there is room") {
  TopView view;
  PipelineStatus status = Credit();
  status.events = {{0, LogLevel::kInfo, "first"},
                   {1000, LogLevel::kInfo, "scaling \xC3\xA4"},
                   {2000, LogLevel::kWarning, "infer.0 died status=9"}};
  view.Show(status);
  auto lines = view.Render(80, 11);
  REQUIRE(lines.size() == 11);
  CHECK(lines[7].text.empty());
  CHECK(lines[8].text.ends_with(" infer.0 died status=9"));
  CHECK(lines[8].strong);
  CHECK(lines[9].text.ends_with(" scaling ??"));
  CHECK(!lines[9].strong);
  CHECK(view.Render(80, 0).back().text.ends_with(" first"));
  lines = view.Render(80, 8);
  CHECK(lines[6].text.starts_with("write"));
}

TEST_CASE("a number takes six characters at most") {
  CHECK(ShortNumber(99'999) == "99999");
  CHECK(ShortNumber(100'000) == "100k");
  CHECK(ShortNumber(9'999'000) == "9999k");
  CHECK(ShortNumber(12'345'678) == "12M");
  CHECK(ShortNumber(12'345'678'901.0) == "12G");
}

TEST_CASE("what --status=json says is read as it was") {
  PipelineStatus status = Credit();
  status.events = {{1000, LogLevel::kError, "why"}};
  const auto read = ParseStatusJson(StatusJson(status));
  REQUIRE(read);
  REQUIRE(read->events.size() == 1);
  CHECK(read->events[0].level == LogLevel::kError);
  TopView one;
  TopView other;
  one.Show(status);
  other.Show(*read);
  const auto lines = one.Render(80, 24);
  const auto lines_read = other.Render(80, 24);
  REQUIRE(lines.size() == lines_read.size());
  for (size_t i = 0; i < lines.size(); ++i) CHECK(lines[i].text == lines_read[i].text);
  CHECK(!ParseStatusJson("{}"));
  CHECK(!ParseStatusJson("no"));
}

}  // namespace
}  // namespace rk
