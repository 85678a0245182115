#include "lib/codec/json/path.h"

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {

std::vector<std::string> ParsePath(std::string_view text) {
  std::vector<std::string> keys;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('.', begin), text.size());
    keys.emplace_back(text.substr(begin, end - begin));
    if (keys.back().empty()) {
      throw Error(ErrorKind::kUsage,
                  fmt::format("field \"{}\" contains an empty name: write a or a.b.c", text));
    }
    begin = end + 1;
  }
  return keys;
}

}  // namespace rk
