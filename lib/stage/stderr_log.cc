#include "lib/stage/stderr_log.h"

#include <sys/stat.h>

#include <ctime>
#include <utility>

#include <fmt/format.h>

#include "lib/base/descriptor_io.h"
#include "lib/base/environment.h"
#include "lib/stage/json_string.h"

namespace rk {
namespace {

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

bool IsControl(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F; }

std::string UtcTime(std::chrono::system_clock::time_point now) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const std::time_t seconds = ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, ms % 1000);
}

}  // namespace

std::string FormatLogLine(LogFormat format, std::string_view tool, LogLevel level,
                          std::string_view message, std::chrono::system_clock::time_point now) {
  if (format == LogFormat::kJson) {
    return fmt::format("{{\"time\":\"{}\",\"tool\":{},\"level\":\"{}\",\"message\":{}}}\n",
                       UtcTime(now), JsonString(tool), LevelName(level), JsonString(message));
  }
  const std::string time = format == LogFormat::kText ? UtcTime(now) + ' ' : "";
  std::string line = fmt::format("{}{}: {}: {}", time, tool, LevelName(level), message);
  for (char& byte : line) {
    if (IsControl(byte)) byte = ' ';
  }
  return line + '\n';
}

bool IsJournal(int fd) {
  struct stat stream {};
  return fstat(fd, &stream) == 0 &&
         Environment("JOURNAL_STREAM") == fmt::format("{}:{}", stream.st_dev, stream.st_ino);
}

Log StderrLog(std::string tool, LogLevel least, LogFormat format, int fd) {
  return [tool = std::move(tool), least, format, fd](LogLevel level, std::string_view message) {
    if (level < least) return;
    const auto now = std::chrono::system_clock::now();
    (void)WriteAll(fd, FormatLogLine(format, tool, level, message, now));
  };
}

}  // namespace rk
