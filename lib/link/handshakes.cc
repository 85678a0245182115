#include "lib/link/handshakes.h"

#include <utility>

namespace rk {

void Handshakes::Began(int fd, std::string peer) { open_[fd] = std::move(peer); }

void Handshakes::Succeeded() {
  ++succeeded_;
  Resolve();
}

// Where as many have succeeded as are open it was all of them.
void Handshakes::Resolve() {
  if (succeeded_ < open_.size()) return;
  open_.clear();
  succeeded_ = 0;
}

void Handshakes::Failed(std::string reason) { failed_ = std::move(reason); }

std::optional<Handshakes::Failure> Handshakes::Ended(int fd) {
  const auto reason = std::exchange(failed_, std::nullopt);
  const auto found = open_.find(fd);
  if (found == open_.end()) return std::nullopt;
  Failure failure{std::move(found->second), reason.value_or("did not speak as a stage does")};
  open_.erase(found);
  if (!reason && succeeded_ > 0) {
    --succeeded_;
    return std::nullopt;
  }
  Resolve();
  return failure.reason.empty() ? std::nullopt : std::optional(std::move(failure));
}

}  // namespace rk
