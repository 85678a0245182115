#include "lib/run/own_tools.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace rk {

std::string OwnTool(const std::string& name) {
  if (!name.starts_with("rk-") || name.find('/') != std::string::npos) return {};
  std::error_code failure;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", failure);
  if (failure) return {};
  std::string file = own.parent_path() / name;
  return access(file.c_str(), X_OK) == 0 ? file : std::string();
}

}  // namespace rk
