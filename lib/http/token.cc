#include "lib/http/token.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

std::optional<unsigned> SixBits(char byte) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const size_t at = kAlphabet.find(byte);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(at);
}

// Up to what is not of base64, such as the padding.
std::string FromBase64(std::string_view text) {
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char byte : text) {
    const auto six = SixBits(byte);
    if (!six) break;
    bits = bits << 6 | *six;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFF);
  }
  return bytes;
}

// The part behind `scheme`, whose case does not matter, and a space.
std::optional<std::string_view> Credentials(std::string_view authorization,
                                            std::string_view scheme) {
  if (authorization.size() <= scheme.size() || authorization[scheme.size()] != ' ')
    return std::nullopt;
  const bool same =
      std::ranges::equal(authorization.substr(0, scheme.size()), scheme, {},
                         [](char byte) { return byte >= 'A' && byte <= 'Z' ? byte + 32 : byte; });
  if (!same) return std::nullopt;
  return authorization.substr(scheme.size() + 1);
}

bool IsSame(std::string_view given, std::string_view token) {
  unsigned differences = given.size() == token.size() ? 0 : 1;
  for (size_t i = 0; i < token.size(); ++i)
    differences |= static_cast<unsigned char>(i < given.size() ? given[i] : 0) ^
                   static_cast<unsigned char>(token[i]);
  return differences == 0;
}

}  // namespace

std::string ReadToken(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file) throw Error(ErrorKind::kMissing, fmt::format("{}: {}", path, std::strerror(errno)));
  std::getline(file, line);
  const size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string::npos)
    throw Error(ErrorKind::kConfiguration,
                fmt::format("{}: its first line, which is the token, is empty", path));
  return line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
}

bool HasToken(std::string_view authorization, std::string_view token) {
  if (const auto bearer = Credentials(authorization, "bearer")) return IsSame(*bearer, token);
  const auto basic = Credentials(authorization, "basic");
  if (!basic) return false;
  const std::string decoded = FromBase64(*basic);
  const std::string_view user_and_password = decoded;
  const size_t colon = user_and_password.find(':');
  if (colon == std::string_view::npos) return false;
  return IsSame(user_and_password.substr(colon + 1), token);
}

}  // namespace rk
