#pragma once

#include <memory>
#include <string>

#include <zmq.hpp>

#include "lib/base/log.h"
#include "lib/link/key_folder.h"
#include "lib/link/link_state.h"

namespace rk {

/// Whom a socket on tcp:// talks to, with CURVE: only to those whose keys are in the folder. A
/// thread of the process's own answers ZeroMQ's questions who may come in (ZAP, RFC 27), looking at
/// the folder each time, and logs whoever is refused, by a RefusalLog. Without that thread nobody
/// would be let in. Without keys, which does on loopback only, it merely logs. One thread at a
/// time.
class LinkGuard {
 public:
  enum class Side { kBinds, kConnects };

  /// Sets up `socket` (with `keys`, if there are any), which is to bind or connect `address` next.
  /// Of one that connects `state`, if there is one, is told how that goes. Throws
  /// Error(kConfiguration) as KeyFolder::KeyOf(), Error(kIo).
  LinkGuard(zmq::socket_t& socket, Side side, const std::string& address,
            std::shared_ptr<const KeyFolder> keys, Log log, LinkState* state = nullptr);
  /// Before the socket is closed.
  ~LinkGuard();
  LinkGuard(const LinkGuard&) = delete;
  LinkGuard& operator=(const LinkGuard&) = delete;

  /// True once after ZeroMQ has given the connection up, since what answered there refused us or
  /// was no stage with keys: it is to be connected again.
  bool TakeGivenUp();

 private:
  struct Watched;
  class Watcher;

  zmq::socket_t& socket_;
  std::shared_ptr<Watched> watched_;
};

}  // namespace rk
