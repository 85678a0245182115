#include "lib/link/ack_directory.h"

#include <filesystem>
#include <functional>
#include <string_view>
#include <system_error>

#include "lib/link/endpoint.h"
#include "lib/link/socket_file.h"

namespace rk {
namespace {

constexpr std::string_view kPrefix = "ack-";

void ForEachReader(const std::string& directory,
                   const std::function<void(const std::filesystem::path& path)>& call) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(kPrefix) && IsSocket(entry.path())) call(entry.path());
  }
}

}  // namespace

std::string AckPath(const std::string& directory, const Origin& origin) {
  return directory + "/" + std::string(kPrefix) + ToHex(origin);
}

std::vector<std::string> LiveReaders(const std::string& directory) {
  std::vector<std::string> endpoints;
  ForEachReader(directory, [&](const std::filesystem::path& path) {
    if (IsLive(path)) endpoints.push_back(IpcAddress(path));
  });
  return endpoints;
}

// Under the lock: a socket that is bound but does not listen yet looks dead.
void RemoveDeadReaders(const std::string& directory) {
  const DirectoryLock lock(directory);
  ForEachReader(directory, [](const std::filesystem::path& path) {
    std::error_code ignored;
    if (!IsLive(path)) std::filesystem::remove(path, ignored);
  });
}

}  // namespace rk
