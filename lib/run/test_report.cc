#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/run/test_spec.h"

namespace rk {
namespace {

// What XML 1.0 has no way to write becomes a question mark.
std::string Xml(std::string_view text) {
  std::string escaped;
  for (const char byte : text) {
    switch (byte) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped +=
            static_cast<unsigned char>(byte) < 0x20 && byte != '\n' && byte != '\t' ? '?' : byte;
    }
  }
  return escaped;
}

auto FailedOf(const std::vector<TestResult>& results) {
  return std::ranges::count_if(results, [](const TestResult& one) { return !one.diff.empty(); });
}

}  // namespace

std::string TestReportText(const std::vector<TestResult>& results) {
  std::string text;
  for (const TestResult& result : results) {
    text += fmt::format("{}  {} ({:.1f} s)\n", result.diff.empty() ? "ok    " : "FAILED",
                        result.name, result.seconds);
    for (const std::string& line : result.diff) text += fmt::format("        {}\n", line);
  }
  return text + fmt::format("{} {}, {} failed\n", results.size(),
                            results.size() == 1 ? "test" : "tests", FailedOf(results));
}

std::string TestReportJUnit(const std::string& pipeline, const std::vector<TestResult>& results) {
  double seconds = 0;
  for (const TestResult& result : results) seconds += result.seconds;
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" time=\"{:.3f}\">\n",
      Xml(pipeline), results.size(), FailedOf(results), seconds);
  for (const TestResult& result : results) {
    text += fmt::format("  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"", Xml(pipeline),
                        Xml(result.name), result.seconds);
    if (result.diff.empty()) {
      text += "/>\n";
    } else {
      text += fmt::format(">\n    <failure message=\"{}\">{}</failure>\n  </testcase>\n",
                          Xml(result.diff.front()),
                          Xml(fmt::format("{}", fmt::join(result.diff, "\n"))));
    }
  }
  return text + "</testsuite>\n";
}

}  // namespace rk
