#include "lib/link/ipc_binding.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/link/runtime_dir.h"
#include "lib/link/socket_file.h"
#include "lib/link/transport.h"

namespace rk {
namespace {

// libzmq unlinks whatever is at the path that it binds.
void RequireFree(const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode)) {
    throw Error(ErrorKind::kConfiguration,
                fmt::format("{} is there and is not a socket: it is left alone, and a link needs "
                            "another path",
                            path));
  }
  if (IsLive(path)) {
    throw Error(ErrorKind::kConfiguration,
                fmt::format("{} is in use by another process: only one end of a link binds",
                            IpcAddress(path)));
  }
}

}  // namespace

IpcBinding::IpcBinding(zmq::socket_t& socket, std::string path) : path_(std::move(path)) {
  const std::string directory = std::filesystem::path(path_).parent_path();
  RequirePrivateDirectory(directory);
  const DirectoryLock lock(directory);
  RequireFree(path_);
  WithZmq("cannot bind " + address(), [&] { socket.bind(address()); });
}

IpcBinding::~IpcBinding() {
  if (IsSocket(path_)) unlink(path_.c_str());
}

}  // namespace rk
