#include "lib/codec/json/array.h"

#include <algorithm>

namespace rk {
namespace {

constexpr std::string_view kSpace = " \t\n\r";

std::string_view Trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

// From behind the opening quote to behind the closing one, or to the end.
size_t SkipString(std::string_view text, size_t at) {
  for (; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

// The end of the element at `at`: a comma or a bracket of the array's own, or the text's end.
size_t ElementEnd(std::string_view text, size_t at) {
  for (size_t depth = 0;
       (at = std::min(text.find_first_of("\"[]{},", at), text.size())) < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      at = SkipString(text, at + 1) - 1;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (depth == 0) {
      break;
    } else if (c != ',') {
      --depth;
    }
  }
  return at;
}

}  // namespace

std::optional<std::vector<std::string_view>> SplitArray(std::string_view text) {
  text = Trimmed(text);
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  std::vector<std::string_view> elements;
  if (Trimmed(text.substr(1, text.size() - 2)).empty()) return elements;
  for (size_t begin = 1;;) {
    const size_t end = ElementEnd(text, begin);
    if (end == text.size()) return std::nullopt;
    elements.push_back(Trimmed(text.substr(begin, end - begin)));
    if (text[end] == ',') {
      begin = end + 1;
    } else if (text[end] == ']' && end + 1 == text.size()) {
      return elements;
    } else {
      return std::nullopt;
    }
  }
}

}  // namespace rk
