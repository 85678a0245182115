#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "lib/batch/frame.h"
#include "lib/batch/frame_header.h"
#include "lib/link/link_observer.h"

namespace zmq {
class message_t;
}

namespace rk {

/// A data frame on its way, as the message that it came in or goes out as: its header is known, the
/// records are not looked at, and nothing is copied. Move-only. One thread.
class FrameMessage {
 public:
  /// Throws Error(kBadData) for what has no good header, or is no data frame.
  explicit FrameMessage(zmq::message_t message);
  /// The message's bytes are the frame's own.
  explicit FrameMessage(Frame frame);
  FrameMessage(FrameMessage&& other) noexcept;
  FrameMessage& operator=(FrameMessage&& other) noexcept;
  ~FrameMessage();

  const BatchInfo& info() const { return header_.info; }
  size_t record_count() const { return header_.record_count; }
  /// As Frame::Stamp().
  void Stamp(int64_t floor, uint32_t attempt);

  /// A copy to read the records of, checked whole. Throws Error(kBadData).
  Frame Open() const;
  /// To be sent, once.
  zmq::message_t& message() { return *message_; }

 private:
  std::unique_ptr<zmq::message_t> message_;
  FrameHeader header_;
};

/// The data frame in `message`; nullopt for anything else, which is logged and counted as dropped.
/// `peer` names where it came from.
std::optional<FrameMessage> ToFrameMessage(zmq::message_t message, const std::string& peer,
                                           const LinkObserver& observer);

/// The frame that came as `message`; nullopt for one that is damaged, which is logged and counted
/// as dropped.
std::optional<Frame> OpenMessage(const FrameMessage& message, const std::string& peer,
                                 const LinkObserver& observer);

}  // namespace rk
