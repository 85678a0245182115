#pragma once

#include <optional>

#include <zmq.hpp>

#include "lib/batch/frame.h"
#include "lib/link/link_observer.h"

namespace rk {

/// A socket for frames: single-part messages of at most `max_frame` bytes; high-water marks of
/// `hwm` frames in both directions, 0: none. Closing it waits until what was sent is handed over.
/// Throws Error(kIo).
zmq::socket_t MakeFrameSocket(zmq::context_t& context, zmq::socket_type type, size_t max_frame,
                              int hwm);

/// The message's bytes are the frame's own: nothing is copied.
zmq::message_t ToMessage(Frame frame);

/// The frame in `message`; nullopt for anything but a data frame, which is logged and counted as
/// dropped. `peer` names where it came from.
std::optional<Frame> ToFrame(const zmq::message_t& message, const std::string& peer,
                             const LinkObserver& observer);

}  // namespace rk
