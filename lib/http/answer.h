#pragma once

#include <functional>
#include <string>

#include "lib/http/request.h"

namespace rk {

struct HttpAnswer {
  int status = 200;
  std::string body;
  std::string type = "text/plain; charset=utf-8";
  /// It does not end: events follow.
  bool stream = false;
};

/// Who is answered what.
class HttpAnswering {
 public:
  using Answer = std::function<HttpAnswer(const HttpRequest& request)>;

  /// An empty token: none is needed.
  HttpAnswering(Answer answer, std::string token)
      : answer_(std::move(answer)), token_(std::move(token)) {}

  /// What `answer` says, or why this client is not told.
  HttpAnswer To(const HttpRequest& request, bool has_room_for_stream) const;
  static HttpAnswer Refuse(HttpRefusal refusal);

 private:
  Answer answer_;
  std::string token_;
};

/// As it goes over the wire, but for the events of a stream.
std::string HttpText(const HttpAnswer& answer);

}  // namespace rk
