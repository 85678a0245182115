#include "lib/link/link_state.h"

#include <utility>

#include <fmt/format.h>

namespace rk {

LinkState::LinkState(std::string address, Peer peer, Changed changed)
    : address_(std::move(address)), peer_(peer), changed_(std::move(changed)) {
  Lost();
}

void LinkState::Connected() {
  const std::lock_guard lock(mutex_);
  Tell(true, peer_ == Peer::kListens, "");
}

void LinkState::Lost() {
  const std::lock_guard lock(mutex_);
  Tell(false, false, connected_ ? "" : reason_);
}

void LinkState::Failed(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  Tell(false, false, reason);
}

void LinkState::Accepted() {
  const std::lock_guard lock(mutex_);
  if (connected_) Tell(true, true, "");
}

void LinkState::Refused(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  if (connected_) Tell(true, false, reason);
}

void LinkState::Tell(bool connected, bool accepted, std::string reason) {
  connected_ = connected;
  accepted_ = accepted;
  reason_ = std::move(reason);
  std::string why;
  if (!connected_ || !accepted_)
    why = fmt::format("{} {}", address_, reason_.empty() ? "does not answer" : reason_);
  if (std::exchange(told_, why) != why) changed_(why);
}

}  // namespace rk
