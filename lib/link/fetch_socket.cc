#include "lib/link/fetch_socket.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lib/link/cuts.h"
#include "lib/link/endpoint.h"
#include "lib/link/link_name.h"
#include "lib/link/tcp_address.h"

namespace rk {
namespace {

using std::chrono::milliseconds;

// A server that does not answer `leaving` for so long is gone.
constexpr milliseconds kLongestFarewell{1000};
// For the last report, when the process ends.
constexpr int kLingerMs = 500;
// A server says something ten times a second, and takes who is silent for 2 s for gone.
constexpr milliseconds kCutOff{5000};

}  // namespace

FetchSocket::FetchSocket(Options options, LinkObserver observer)
    : options_(std::move(options)), observer_(std::move(observer)) {
  if (!IpcPath(address())) state_.emplace(address(), LinkState::Peer::kAnswers, observer_.waits);
  Connect();
  Tell();
}

FetchSocket::~FetchSocket() { ready_.Unwatch(socket_); }

void FetchSocket::Connect() {
  if (socket_) ready_.Unwatch(socket_);
  to_server_.reset();
  socket_ = MakeFrameSocket(zmq::socket_type::dealer, options_.max_frame, 0);
  WithZmq("cannot set up a link", [&] {
    socket_.set(zmq::sockopt::linger, kLingerMs);
    socket_.set(zmq::sockopt::tcp_maxrt, kLongestUnansweredMs);
  });
  if (state_) state_->Lost();
  to_server_.emplace(socket_, options_.address, observer_.log, state_ ? &*state_ : nullptr);
  ready_.Watch(socket_);
}

std::optional<FrameMessage> FetchSocket::TryReceive() {
  Receive();
  if (frames_.empty()) {
    ready_.NothingLeft();
    return std::nullopt;
  }
  FrameMessage frame = std::move(frames_.front());
  frames_.pop_front();
  if (RoomKnown() <= options_.prefetch / 2 && Room() > RoomKnown()) Tell();
  return frame;
}

void FetchSocket::Done(const HeldRange& batch) {
  if (held_.Remove(batch)) Tell();
}

// The server counts it as received; a new connection tells it that what is not here is lost.
void FetchSocket::Lost(const HeldRange& batch) {
  held_.Remove(batch);
  Connect();
  Tell();
}

void FetchSocket::Abandon() {
  frames_.clear();
  held_.Clear();
  Connect();
  Tell();
}

void FetchSocket::Leave() {
  if (left_at_) return;
  left_at_ = Clock::now();
  Tell();
}

bool FetchSocket::ended() const {
  const bool unanswered = left_at_ && Clock::now() - *left_at_ >= kLongestFarewell;
  return (answered_ || unanswered) && frames_.empty();
}

void FetchSocket::OnTick(Clock::time_point now) {
  if (now - told_at_ >= kBetweenReports) Report();
}

// What has come is taken first, so that the report says all of it.
void FetchSocket::Report() {
  to_server_->Renew();
  Receive();
  CutOff() ? BeginAnew() : Tell();
}

// A stage that stores pushes nothing.
bool FetchSocket::CutOff() const {
  const bool may_be = !options_.stores && !left_at_ && connection_ != Origin{};
  return may_be && Clock::now() - heard_at_ > kCutOff && !IpcPath(address());
}

// The kernel tries less and less often, and may notice that there is a way again only after as long
// as there was none. As a process that was started anew: a server that has not missed the old one
// does now, and so has all sent again that is in flight, of which what the stage pushed may be
// lost. Nothing is held when it goes, so that nothing gets the blame.
void FetchSocket::BeginAnew() {
  frames_.clear();
  held_.Clear();
  Tell();
  instance_ = RandomOrigin();
  connection_ = {};
  Connect();
  Tell();
  if (const auto server = ParseTcpAddress(address())) NoteCut(server->host);
}

void FetchSocket::Receive() {
  zmq::message_t message;
  while (TryReceivePart(socket_, message)) {
    heard_at_ = Clock::now();
    if (!SkipToEndOfMessage(socket_, message)) message.rebuild();
    Take(std::move(message));
  }
}

void FetchSocket::Take(zmq::message_t message) {
  if (message.size() == 1) {
    answered_ = left_at_.has_value();
    return;
  }
  if (const auto link = LinkRefused(message.to_string_view())) return Refused(*link);
  if (Origin name{}; message.size() == name.size()) {
    std::copy_n(message.data<uint8_t>(), name.size(), name.begin());
    return Learn(name);
  }
  auto frame = ToFrameMessage(std::move(message), address(), observer_);
  if (!frame) {
    Connect();  // as for one that is lost
    return Tell();
  }
  held_.Add(BatchOf(frame->info()));
  ++received_;
  frames_.push_back(*std::move(frame));
}

// What came before was another server's, or of a connection that broke.
void FetchSocket::Learn(const Origin& connection) {
  if (state_) state_->Accepted();
  if (connection == connection_) return;
  connection_ = connection;
  received_ = 0;
  Tell();
}

// It is asked again with each report: the other machine may get the right file.
void FetchSocket::Refused(const std::string& link) {
  const std::string reason = WrongLink(options_.address.link, link);
  if (state_) state_->Refused(reason);
  const std::string host = ParseTcpAddress(address()).value_or(TcpAddress{}).host;
  const auto line = refusals_.Refused(host, reason, Clock::now());
  if (line) observer_.log(LogLevel::kWarning, fmt::format("{}: {}", address(), *line));
}

void FetchSocket::Tell() {
  const ReadyMessage state = State();
  told_room_ = state.capacity;
  told_received_ = state.received;
  told_at_ = Clock::now();
  TrySendPart(socket_, state.Encode(), zmq::send_flags::none);
  ready_.Check(socket_);
}

uint32_t FetchSocket::Room() const {
  if (left_at_) return 0;
  const size_t busy = options_.isolates ? held_.count() : frames_.size();
  return static_cast<uint32_t>(options_.prefetch - std::min(options_.prefetch, busy));
}

// As the server knows it: it has sent at least what came since it was told.
uint32_t FetchSocket::RoomKnown() const {
  const uint64_t since = received_ - told_received_;
  return told_room_ - static_cast<uint32_t>(std::min<uint64_t>(told_room_, since));
}

ReadyMessage FetchSocket::State() const {
  ReadyMessage state;
  state.instance = instance_;
  state.leaving = left_at_.has_value();
  state.isolates = options_.isolates;
  state.stores = options_.stores;
  state.capacity = Room();
  state.received = received_;
  state.connection = connection_;
  state.link = options_.address.link;
  state.held = held_.Ranges();
  return state;
}

}  // namespace rk
