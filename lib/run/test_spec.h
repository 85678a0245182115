#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/codec/json/compare.h"

namespace rk {

/// Lines as a test names them.
struct TestLines {
  std::string text;
  std::string file;  ///< that has them instead; empty: `text` is it

  /// Without blanks around them, and without those of nothing else. Throws Error(kMissing) if there
  /// is no such file.
  std::vector<std::string> Read() const;
};

/// A test of a pipeline's stages between Kafka and Kafka: a section [[test]] of its file.
struct TestSpec {
  std::string name;
  TestLines input;                  ///< the records' values
  std::optional<TestLines> output;  ///< nullopt: whatever comes out
  Likeness likeness;
  std::map<std::string, size_t, std::less<>> dead_letters;  ///< how many of each code
};

/// A record that failed in a test.
struct TestFailure {
  size_t line = 0;  ///< of the input, from 1
  std::string stage;
  std::string code;
  std::string message;
};

/// What came out of the stages.
struct TestOutcome {
  struct Output {
    size_t line = 0;  ///< of the input, from 1
    std::string value;
  };
  std::vector<Output> output;
  std::vector<TestFailure> failures;
  std::string error;  ///< why there is no outcome: a stage that ended too early; empty if it is one
};

/// What is not as the test expects it, as lines of a diff; none if the test passes. Pure.
std::vector<std::string> JudgeTest(const TestSpec& spec, const TestOutcome& outcome);

/// A test that ran.
struct TestResult {
  std::string name;
  double seconds = 0;
  std::vector<std::string> diff;  ///< of JudgeTest()
};

/// For people: a line for each test, with its diff, and one on all of them. Pure.
std::string TestReportText(const std::vector<TestResult>& results);
/// JUnit's XML: a test suite of the pipeline's name. Pure.
std::string TestReportJUnit(const std::string& pipeline, const std::vector<TestResult>& results);

}  // namespace rk
