#pragma once

#include <string>

#include <zmq.hpp>

namespace rk {

/// A socket bound on `ipc://PATH`, and its file, which the destructor removes (libzmq leaves it).
class IpcBinding {
 public:
  /// Binds `socket`. A file that a dead process left there is replaced. Throws
  /// Error(kConfiguration) if the directory is not private to this user or a live process has the
  /// path, Error(kIo).
  IpcBinding(zmq::socket_t& socket, std::string path);
  ~IpcBinding();
  IpcBinding(const IpcBinding&) = delete;
  IpcBinding& operator=(const IpcBinding&) = delete;

  const std::string& path() const { return path_; }
  std::string address() const { return "ipc://" + path_; }

 private:
  std::string path_;
};

}  // namespace rk
