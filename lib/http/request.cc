#include "lib/http/request.h"

#include <algorithm>

namespace rk {
namespace {

// Of a token, which a method and the name of a header are (RFC 9110, 5.6.2).
bool IsTokenByte(char byte) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || kOthers.find(byte) != std::string_view::npos;
}

bool IsToken(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, IsTokenByte);
}

bool IsVisible(char byte) { return byte > ' ' && byte < 0x7F; }

// Bytes over 0x7F are allowed, other control characters than the tab are not.
bool IsValueByte(char byte) {
  return byte == '\t' || (static_cast<unsigned char>(byte) >= ' ' && byte != 0x7F);
}

char ToLower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, {}, ToLower);
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

// The next line without its end, which is taken off; nullopt if its end has not come.
std::optional<std::string_view> NextLine(std::string_view& bytes) {
  const size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view WithoutPort(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

HttpParse Refuse(HttpRefusal refusal) { return {std::nullopt, refusal}; }

std::optional<HttpRefusal> TakeRequestLine(std::string_view line, HttpRequest& request) {
  const size_t first = line.find(' ');
  const size_t second = line.find(' ', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos) return HttpRefusal::kBadRequest;
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  if (!IsToken(method) || !target.starts_with('/') || !std::ranges::all_of(target, IsVisible) ||
      !version.starts_with("HTTP/"))
    return HttpRefusal::kBadRequest;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return HttpRefusal::kVersionNotSupported;
  if (method != "GET") return HttpRefusal::kMethodNotAllowed;
  request.path = target.substr(0, target.find('?'));
  return std::nullopt;
}

// False for what is no header. A second Host would leave open which of them was checked.
bool TakeHeader(std::string_view line, HttpRequest& request) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) return false;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = Trim(line.substr(colon + 1));
  if (!std::ranges::all_of(value, IsValueByte)) return false;
  if (EqualsIgnoringCase(name, "accept")) request.accept = value;
  if (EqualsIgnoringCase(name, "authorization")) request.authorization = value;
  if (!EqualsIgnoringCase(name, "host")) return true;
  if (!request.host.empty()) return false;
  request.host = WithoutPort(value);
  return true;
}

}  // namespace

HttpParse ParseHttpRequest(std::string_view bytes) {
  const bool too_long = bytes.size() > kLongestHead;
  std::string_view rest = bytes.substr(0, kLongestHead);
  if (!rest.empty() && !IsTokenByte(rest.front())) return Refuse(HttpRefusal::kBadRequest);
  HttpParse unfinished =
      too_long ? Refuse(HttpRefusal::kHeadTooLarge) : HttpParse{std::nullopt, std::nullopt};
  HttpRequest request;
  const auto line = NextLine(rest);
  if (!line) return unfinished;
  if (const auto refusal = TakeRequestLine(*line, request)) return Refuse(*refusal);
  while (const auto header = NextLine(rest)) {
    if (header->empty()) return {std::move(request), std::nullopt};
    if (!TakeHeader(*header, request)) return Refuse(HttpRefusal::kBadRequest);
  }
  return unfinished;
}

}  // namespace rk
