#include "lib/http/answer.h"

#include <arpa/inet.h>

#include <utility>

#include <fmt/format.h>

#include "lib/http/token.h"

namespace rk {
namespace {

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

std::string_view HeadersOf(int status) {
  if (status == 401) return "WWW-Authenticate: Basic realm=\"rk\", charset=\"UTF-8\"\r\n";
  if (status == 405) return "Allow: GET\r\n";
  return "";
}

// A page of another site can have a browser call us by a name of that site which it points here; a
// browser says that name.
bool IsAddress(const std::string& host) {
  in_addr v4{};
  return host.empty() || host == "localhost" || host.starts_with('[') ||
         inet_pton(AF_INET, host.c_str(), &v4) == 1;
}

}  // namespace

HttpAnswer HttpAnswering::To(const HttpRequest& request, bool has_room_for_stream) const {
  if (token_.empty() && !IsAddress(request.host))
    return {403, "Call it by its address, such as 127.0.0.1.\n"};
  if (!token_.empty() && !HasToken(request.authorization, token_))
    return {401, "The token of --http-token-file is missing or wrong.\n"};
  HttpAnswer answer = answer_(request);
  if (answer.stream && !has_room_for_stream) return {503, "Too many look on already.\n"};
  return answer;
}

HttpAnswer HttpAnswering::Refuse(HttpRefusal refusal) {
  const int status = static_cast<int>(refusal);
  return {status, fmt::format("{}\n", ReasonOf(status))};
}

std::string HttpText(const HttpAnswer& answer) {
  const std::string length =
      answer.stream ? "" : fmt::format("Content-Length: {}\r\n", answer.body.size());
  return fmt::format(
      "HTTP/1.1 {} {}\r\n"
      "Content-Type: {}\r\n"
      "{}{}"
      "Cache-Control: no-store\r\n"
      "X-Content-Type-Options: nosniff\r\n"
      "Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline'; style-src "
      "'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'\r\n"
      "Connection: close\r\n"
      "\r\n{}",
      answer.status, ReasonOf(answer.status), answer.type, length, HeadersOf(answer.status),
      answer.body);
}

}  // namespace rk
