#include "lib/link/frame_message.h"

#include <utility>

#include <fmt/format.h>
#include <zmq.hpp>

#include "lib/base/error.h"

namespace rk {
namespace {

zmq::message_t MessageOf(Frame frame) {
  auto kept = std::make_unique<Frame>(std::move(frame));
  const std::string_view bytes = kept->bytes();
  const auto drop = [](void*, void* hint) { delete static_cast<Frame*>(hint); };
  return zmq::message_t(const_cast<char*>(bytes.data()), bytes.size(), drop, kept.release());
}

void Drop(const std::string& peer, const LinkObserver& observer, const Error& error) {
  observer.dropped();
  observer.log(LogLevel::kWarning, fmt::format("dropped a message on {}: {}", peer, error.what()));
}

}  // namespace

FrameMessage::FrameMessage(zmq::message_t message)
    : message_(std::make_unique<zmq::message_t>(std::move(message))),
      header_(DecodeHeader(message_->to_string_view())) {
  if (header_.kind == FrameKind::kData) return;
  throw Error(ErrorKind::kBadData, "END, which only pipes have");
}

FrameMessage::FrameMessage(Frame frame)
    : header_{frame.kind(), frame.info(), frame.record_count()} {
  message_ = std::make_unique<zmq::message_t>(MessageOf(std::move(frame)));
}

FrameMessage::FrameMessage(FrameMessage&& other) noexcept = default;
FrameMessage& FrameMessage::operator=(FrameMessage&& other) noexcept = default;
FrameMessage::~FrameMessage() = default;

void FrameMessage::Stamp(int64_t floor, uint32_t attempt) {
  header_.info.floor = floor;
  header_.info.attempt = attempt;
  StampHeader(message_->data<char>(), floor, attempt);
}

Frame FrameMessage::Open() const {
  Buffer bytes(message_->size());
  bytes.Append(message_->to_string_view());
  return Frame::Decode(std::move(bytes));
}

std::optional<FrameMessage> ToFrameMessage(zmq::message_t message, const std::string& peer,
                                           const LinkObserver& observer) {
  try {
    return FrameMessage(std::move(message));
  } catch (const Error& error) {
    Drop(peer, observer, error);
    return std::nullopt;
  }
}

std::optional<Frame> OpenMessage(const FrameMessage& message, const std::string& peer,
                                 const LinkObserver& observer) {
  try {
    return message.Open();
  } catch (const Error& error) {
    Drop(peer, observer, error);
    return std::nullopt;
  }
}

}  // namespace rk
