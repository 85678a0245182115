#include "lib/text/files_source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

std::string ReadAll(const std::string& path) {
  std::error_code none;
  if (std::filesystem::is_directory(path, none)) {
    throw Error(ErrorKind::kBadData, fmt::format("{} is a directory, not a file", path));
  }
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw Error(ErrorKind::kMissing, fmt::format("{}: {}", path, std::strerror(errno)));
  const std::streamoff size = file.tellg();
  if (size > static_cast<std::streamoff>(TextSource::kLongest)) {
    throw Error(ErrorKind::kBadData,
                fmt::format("{} is longer than {} bytes: too long for a record", path,
                            TextSource::kLongest));
  }
  std::string text(static_cast<size_t>(std::max<std::streamoff>(size, 0)), '\0');
  file.seekg(0);
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size())))
    throw Error(ErrorKind::kIo, fmt::format("cannot read {}", path));
  return text;
}

}  // namespace

FilesSource::FilesSource(std::vector<std::string> files, TextFormat format)
    : files_(files.begin(), files.end()), format_(std::move(format)) {
  ready_.Set();
}

std::optional<Frame> FilesSource::TryReceive() {
  if (files_.empty()) return std::nullopt;
  const std::string text = ReadAll(files_.front());
  files_.pop_front();
  return stream_.MakeFrame({RecordOf(text, format_)}, text.size());
}

}  // namespace rk
