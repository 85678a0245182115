#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace rk {

/// What a client asks for: a GET, since nothing here can be changed.
struct HttpRequest {
  std::string path;           ///< /metrics, without what follows a `?`
  std::string host;           ///< of its Host header, without the port; empty if it has none
  std::string accept;         ///< the header's value
  std::string authorization;  ///< the header's value
};

/// The status of the answer to bytes that are no such request.
enum class HttpRefusal {
  kBadRequest = 400,
  kMethodNotAllowed = 405,
  kHeadTooLarge = 431,
  kVersionNotSupported = 505,
};

/// What the bytes that have come so far are: a request, a refusal, or, with neither, the beginning
/// of something.
struct HttpParse {
  std::optional<HttpRequest> request;
  std::optional<HttpRefusal> refusal;
};

/// A request's head may not be longer.
inline constexpr size_t kLongestHead = 8 << 10;

/// Reads the head of a request of HTTP/1.0 or 1.1 (RFC 9112); a body is left where it is. Decides
/// as early as it can: bytes that no request begins with are refused before the head is complete.
/// A pure function, any thread.
HttpParse ParseHttpRequest(std::string_view bytes);

}  // namespace rk
