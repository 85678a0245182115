#include "lib/run/test_spec.h"

#include <algorithm>
#include <string_view>

#include "lib/run/whole_file.h"

namespace rk {

std::vector<std::string> TestLines::Read() const {
  const std::string all = file.empty() ? text : ReadWholeFile(file);
  std::string_view left = all;
  std::vector<std::string> lines;
  while (!left.empty()) {
    const size_t end = std::min(left.find('\n'), left.size());
    const std::string_view line = left.substr(0, end);
    const size_t first = line.find_first_not_of(" \t\r");
    if (first != std::string_view::npos)
      lines.emplace_back(line.substr(first, line.find_last_not_of(" \t\r") + 1 - first));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return lines;
}

}  // namespace rk
