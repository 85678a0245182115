#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "lib/base/log.h"
#include "lib/http/address.h"
#include "lib/http/answer.h"
#include "lib/http/request.h"

namespace rk {

/// A server of pages that only look: GET, one request for each connection, on a thread of its own,
/// with one poll(2) for all connections. Whatever clients do costs the process a bounded number of
/// descriptors and bytes, and nobody else any time: at most kMostConnections, of which the one that
/// has been slowest to say what it wants gives way to a new one; a request must be there within
/// kLongestRequest, an answer be taken within kLongestAnswer; a stream that lags behind misses
/// events.
///
/// Without a token it only answers who calls it by an address or as localhost, so that no page of
/// another site can read it through a browser by a name that it points here. With one it answers
/// only who sends it, as `Authorization: Bearer TOKEN`, or as the password of a browser's question.
class HttpServer {
 public:
  static constexpr size_t kMostConnections = 64;
  static constexpr size_t kMostStreams = 16;
  static constexpr std::chrono::seconds kLongestRequest{5};
  static constexpr std::chrono::seconds kLongestAnswer{10};

  struct Options {
    std::string address;     ///< ParseHttpAddress()
    std::string token_file;  ///< its first line is the token; empty: none
  };
  /// Both are called on the server's thread, and must not wait. An Answer with a status of 404 is
  /// for paths that are not there; an Event is one line of text.
  using Answer = std::function<HttpAnswer(const HttpRequest& request)>;
  using Event = std::function<std::string()>;

  /// Listens. Throws Error(kConfiguration) for an address that is none, or one that others can
  /// reach without a token, Error(kMissing) for a token file that is not there, Error(kUnavailable)
  /// if the address cannot be had.
  HttpServer(const Options& options, Answer answer, Event event, Log log);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Where it listens: with the port that it was given for 0. `http://127.0.0.1:9464/`
  const std::string& url() const;

  /// Has an Event sent to all streams soon, as a new one has it at once. Never waits. Any thread.
  void Publish();

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

/// Throws what HttpServer would for these, without listening.
void CheckHttpOptions(const HttpServer::Options& options);

}  // namespace rk
