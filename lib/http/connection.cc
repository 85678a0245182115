#include "lib/http/connection.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "lib/http/server.h"

namespace rk {
namespace {

constexpr std::chrono::seconds kLongestEnd{1};

bool IsLater(ssize_t result) { return result < 0 && (errno == EAGAIN || errno == EINTR); }

}  // namespace

Connection::Connection(Descriptor fd, Clock::time_point now)
    : fd_(std::move(fd)), came_(now), deadline_(now + HttpServer::kLongestRequest) {}

pollfd Connection::Watched() const {
  const int events = (hears_ ? POLLIN : 0) | (sent_ < out_.size() ? POLLOUT : 0);
  return {fd_.fd(), static_cast<decltype(pollfd::events)>(events), 0};
}

std::optional<HttpParse> Connection::Go(Clock::time_point now) {
  auto request = hears_ ? Read() : std::nullopt;
  Write(now);
  return request;
}

std::optional<HttpParse> Connection::Read() {
  std::array<char, 4096> bytes{};
  const ssize_t count = recv(fd_.fd(), bytes.data(), bytes.size(), 0);
  if (IsLater(count)) return std::nullopt;
  if (count <= 0) {
    // One that has shut its side down after it asked still listens.
    hears_ = false;
    if (count < 0 || state_ != State::kAnswering) state_ = State::kOver;
    return std::nullopt;
  }
  if (state_ != State::kReading) return std::nullopt;
  in_.append(bytes.data(), static_cast<size_t>(count));
  HttpParse parse = ParseHttpRequest(in_);
  if (!parse.request && !parse.refusal) return std::nullopt;
  return parse;
}

void Connection::Answer(const HttpAnswer& answer, Clock::time_point now) {
  in_ = {};
  state_ = answer.stream ? State::kStreaming : State::kAnswering;
  out_ = HttpText(answer);
  deadline_ = now + HttpServer::kLongestAnswer;
  Write(now);
}

void Connection::Send(const std::string& text, Clock::time_point now) {
  if (sent_ < out_.size()) return;
  out_ = text;
  sent_ = 0;
  deadline_ = now + HttpServer::kLongestAnswer;
  Write(now);
}

void Connection::Write(Clock::time_point now) {
  while (sent_ < out_.size()) {
    const ssize_t count = send(fd_.fd(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (IsLater(count)) return;
    if (count < 0) {
      state_ = State::kOver;
      return;
    }
    sent_ += static_cast<size_t>(count);
  }
  if (state_ == State::kStreaming) deadline_ = Clock::time_point::max();
  if (state_ != State::kAnswering) return;
  state_ = hears_ ? State::kEnding : State::kOver;
  deadline_ = now + kLongestEnd;
  shutdown(fd_.fd(), SHUT_WR);
}

}  // namespace rk
