#pragma once

#include <string>

#include <zmq.hpp>

#include "lib/link/endpoint.h"

namespace rk {

/// A socket bound on `ipc://PATH`, and its file, which the destructor removes (libzmq leaves it).
class IpcBinding {
 public:
  /// Binds `socket`. A socket that a dead process left there is replaced, nothing else is. Throws
  /// Error(kConfiguration) if the directory is not private to this user, a live process has the
  /// path, or something else is there, Error(kIo).
  IpcBinding(zmq::socket_t& socket, std::string path);
  ~IpcBinding();
  IpcBinding(const IpcBinding&) = delete;
  IpcBinding& operator=(const IpcBinding&) = delete;

  const std::string& path() const { return path_; }
  std::string address() const { return IpcAddress(path_); }

 private:
  std::string path_;
};

}  // namespace rk
