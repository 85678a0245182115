#include "lib/link/ipc_binding.h"

#include <unistd.h>

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/runtime_dir.h"
#include "lib/link/socket_file.h"
#include "lib/link/zmq_socket.h"

namespace rk {

IpcBinding::IpcBinding(zmq::socket_t& socket, std::string path) : path_(std::move(path)) {
  const std::string directory = std::filesystem::path(path_).parent_path();
  RequirePrivateDirectory(directory);
  const DirectoryLock lock(directory);  // libzmq unlinks whatever file is there, a live one too
  if (std::filesystem::exists(path_) && IsLive(path_)) {
    throw Error(
        ErrorKind::kConfiguration,
        fmt::format("{} is in use by another process: a link has one end that binds", address()));
  }
  WithZmq("cannot bind " + address(), [&] { socket.bind(address()); });
}

IpcBinding::~IpcBinding() { unlink(path_.c_str()); }

}  // namespace rk
