#pragma once

#include <functional>
#include <mutex>
#include <string>

namespace rk {

/// Why a link on tcp:// that connects does not work yet, or does no more: its connection is not
/// there, or who answers has not said that it takes us, or refuses us. Any thread.
class LinkState {
 public:
  /// Who is told of each change; an empty text: it works.
  using Changed = std::function<void(const std::string& why)>;
  enum class Peer {
    kAnswers,  ///< it has to be Accepted() on each connection
    kListens,  ///< a connection is enough
  };

  /// Nobody is connected yet, and that is told at once.
  LinkState(std::string address, Peer peer, Changed changed);

  void Connected();
  /// The connection is gone, if there was one. Why one was refused stays said.
  void Lost();
  /// There is none for that reason.
  void Failed(const std::string& reason);

  // What the peer says on a connection:

  void Accepted();
  void Refused(const std::string& reason);

 private:
  void Tell(bool connected, bool accepted, std::string reason);

  const std::string address_;
  const Peer peer_;
  const Changed changed_;
  std::mutex mutex_;  ///< guards what follows, and is held while a change is told
  bool connected_ = false;
  bool accepted_ = false;
  std::string reason_;
  std::string told_;
};

}  // namespace rk
