#include "lib/codec/path.h"

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

constexpr std::string_view kEscapable = ".\\?#@{},=!<>";

[[noreturn]] void Fail(std::string_view text, std::string_view why) {
  throw Error(ErrorKind::kUsage, fmt::format("field \"{}\" {}", text, why));
}

}  // namespace

std::vector<std::string> ParsePath(std::string_view text) {
  std::vector<std::string> keys(1);
  const auto end_key = [&] {
    if (keys.back().empty()) Fail(text, "contains an empty name: write a or a.b.c");
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.') {
      end_key();
      keys.emplace_back();
      continue;
    }
    if (text[i] == '\\' &&
        (++i == text.size() || kEscapable.find(text[i]) == std::string_view::npos)) {
      Fail(text, R"(has a lone \ in it: write \. for a dot in a name and \\ for a \)");
    }
    keys.back() += text[i];
  }
  end_key();
  return keys;
}

size_t FindSign(std::string_view text, std::string_view signs, size_t from) {
  for (size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (signs.find(text[i]) != std::string_view::npos) {
      return i;
    }
  }
  return std::string_view::npos;
}

bool IsOptionalPath(std::string_view path) {
  if (!path.ends_with('?')) return false;
  for (size_t at = 0; (at = FindSign(path, "?", at)) != std::string_view::npos; ++at)
    if (at == path.size() - 1) return true;
  return false;
}

std::string EscapedKey(std::string_view key) {
  std::string escaped;
  for (const char c : key) {
    if (c == '.' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace rk
