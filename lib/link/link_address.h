#pragma once

#include <memory>
#include <string>
#include <utility>

#include "lib/link/key_folder.h"

namespace rk {

/// Where the binding end of a link is, and on tcp:// the keys by which both ends know each other.
struct LinkAddress {
  /// `address` is `ipc://PATH`, `tcp://HOST:PORT` or `tcp://HOST:PORT/LINK`. Implicit: on this
  /// machine an address is all.
  // NOLINTNEXTLINE(google-explicit-constructor)
  LinkAddress(std::string address, std::shared_ptr<const KeyFolder> its_keys = nullptr);

  std::string text;  ///< as ZeroMQ takes it
  /// On tcp://, which link this is: who binds there refuses whoever comes for another one, since
  /// where ports are counted they may be another's. Empty where links have no names.
  std::string link;
  std::shared_ptr<const KeyFolder> keys;  ///< null: none, which does on this machine only
};

}  // namespace rk
