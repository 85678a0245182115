#include <algorithm>

#include <fmt/format.h>

#include "lib/run/test_spec.h"

namespace rk {
namespace {

using Lines = std::vector<std::string>;
using Outputs = std::vector<TestOutcome::Output>;

constexpr size_t kMostShown = 20;      // lines that differ
constexpr size_t kMostPairs = 40'000;  // that are worth comparing to find what is missing

// The outputs beside what was expected of them: where both are known they belong together.
struct Pair {
  const std::string* expected = nullptr;
  const TestOutcome::Output* got = nullptr;
};

class Alignment {
 public:
  Alignment(const Lines& expected, const Outputs& got, const Likeness& likeness)
      : expected_(expected), got_(got), likeness_(likeness) {}

  /// Those that differ, in order.
  std::vector<Pair> Differences() {
    size_t begin = 0;
    const size_t shorter = std::min(expected_.size(), got_.size());
    while (begin < shorter && Same(begin, begin)) ++begin;
    size_t expected_end = expected_.size();
    size_t got_end = got_.size();
    while (expected_end > begin && got_end > begin && Same(expected_end - 1, got_end - 1)) {
      --expected_end;
      --got_end;
    }
    const size_t rows = expected_end - begin;
    const size_t columns = got_end - begin;
    if (rows != columns && rows * columns <= kMostPairs) {
      LongestCommon(begin, rows, columns);
    } else {
      PairUp(begin, expected_end, begin, got_end);
    }
    return std::move(pairs_);
  }

 private:
  bool Same(size_t expected, size_t got) const {
    return !CompareJson(expected_[expected], got_[got].value, likeness_);
  }

  // Neighbours that differ belong together as far as there are as many of both.
  void PairUp(size_t expected, size_t expected_end, size_t got, size_t got_end) {
    while (expected < expected_end || got < got_end) {
      Pair pair;
      if (expected < expected_end) pair.expected = &expected_[expected++];
      if (got < got_end) pair.got = &got_[got++];
      if (!pair.expected || !pair.got || CompareJson(*pair.expected, pair.got->value, likeness_))
        pairs_.push_back(pair);
    }
  }

  // The longest common subsequence, by the table of those of all ends: what is not in it differs.
  void LongestCommon(size_t begin, size_t rows, size_t columns) {
    std::vector<std::vector<size_t>> longest(rows + 1, std::vector<size_t>(columns + 1, 0));
    std::vector<std::vector<bool>> same(rows, std::vector<bool>(columns));
    for (size_t row = rows; row-- > 0;) {
      for (size_t column = columns; column-- > 0;) {
        same[row][column] = Same(begin + row, begin + column);
        longest[row][column] = same[row][column]
                                   ? longest[row + 1][column + 1] + 1
                                   : std::max(longest[row + 1][column], longest[row][column + 1]);
      }
    }
    size_t row = 0;
    size_t column = 0;
    size_t told_row = 0;
    size_t told_column = 0;
    const auto tell = [&] {
      PairUp(begin + told_row, begin + row, begin + told_column, begin + column);
    };
    while (row < rows && column < columns) {
      if (same[row][column]) {
        tell();
        told_row = ++row;
        told_column = ++column;
      } else if (longest[row + 1][column] >= longest[row][column + 1]) {
        ++row;
      } else {
        ++column;
      }
    }
    row = rows;
    column = columns;
    tell();
  }

  const Lines& expected_;
  const Outputs& got_;
  const Likeness& likeness_;
  std::vector<Pair> pairs_;
};

void TellOutput(const TestSpec& spec, const TestOutcome& outcome, Lines& diff) {
  if (!spec.output) return;
  const Lines expected = spec.output->Read();
  const std::vector<Pair> pairs = Alignment(expected, outcome.output, spec.likeness).Differences();
  for (size_t i = 0; i < std::min(pairs.size(), kMostShown); ++i) {
    const Pair& pair = pairs[i];
    if (pair.got)
      diff.push_back(fmt::format("output of input line {}:", pair.got->line));
    else
      diff.emplace_back("no output:");
    if (pair.expected) diff.push_back("- " + *pair.expected);
    if (pair.got) diff.push_back("+ " + pair.got->value);
    if (pair.expected && pair.got)
      diff.push_back("? " + *CompareJson(*pair.expected, pair.got->value, spec.likeness));
  }
  if (pairs.size() > kMostShown)
    diff.push_back(fmt::format("({} more lines differ)", pairs.size() - kMostShown));
}

void TellDeadLetters(const TestSpec& spec, const TestOutcome& outcome, Lines& diff) {
  std::map<std::string, size_t, std::less<>> got;
  for (const TestFailure& failure : outcome.failures) ++got[failure.code];
  if (got == spec.dead_letters) return;
  diff.emplace_back("dead letters:");
  for (const auto& [code, count] : spec.dead_letters) {
    if (const auto found = got.find(code); found != got.end() && found->second == count) continue;
    diff.push_back(fmt::format("- {} = {}", code, count));
  }
  for (const auto& [code, count] : got) {
    const auto found = spec.dead_letters.find(code);
    if (found != spec.dead_letters.end() && found->second == count) continue;
    diff.push_back(fmt::format("+ {} = {}", code, count));
    size_t seen = 0;
    for (const TestFailure& failure : outcome.failures) {
      if (failure.code != code || ++seen > kMostShown) continue;
      diff.push_back(
          fmt::format("? input line {}: {}: {}", failure.line, failure.stage, failure.message));
    }
    if (seen > kMostShown) diff.push_back(fmt::format("({} more input lines)", seen - kMostShown));
  }
}

}  // namespace

std::vector<std::string> JudgeTest(const TestSpec& spec, const TestOutcome& outcome) {
  if (!outcome.error.empty()) return {outcome.error};
  Lines diff;
  TellOutput(spec, outcome, diff);
  TellDeadLetters(spec, outcome, diff);
  return diff;
}

}  // namespace rk
