#pragma once

#include <memory>
#include <string>
#include <utility>

#include "lib/link/key_folder.h"

namespace rk {

/// Where the binding end of a link is, and on tcp:// the keys by which both ends know each other.
struct LinkAddress {
  /// `address` is `ipc://PATH` or `tcp://HOST:PORT`. Implicit: on this machine an address is all.
  // NOLINTNEXTLINE(google-explicit-constructor)
  LinkAddress(std::string address, std::shared_ptr<const KeyFolder> its_keys = nullptr)
      : text(std::move(address)), keys(std::move(its_keys)) {}

  std::string text;
  std::shared_ptr<const KeyFolder> keys;  ///< null: none, which does on this machine only
};

}  // namespace rk
