#include "lib/stage/stderr_log.h"

#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <utility>

#include <fmt/format.h>

namespace rk {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

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

// Length of the well-formed UTF-8 sequence that `bytes` starts with, 0 if there is none (the table
// of well-formed sequences in the Unicode Standard, chapter 3).
size_t SequenceLength(std::string_view bytes) {
  const auto at = [&](size_t index) { return static_cast<unsigned char>(bytes[index]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || bytes.size() < length) return 0;
  for (size_t index = 1; index < length; ++index) {
    if ((at(index) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xF0 && at(1) < 0x90);
  const bool no_scalar = (lead == 0xED && at(1) > 0x9F) || (lead == 0xF4 && at(1) > 0x8F);
  return overlong || no_scalar ? 0 : length;
}

std::string JsonString(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    if (length == 0) {
      quoted += kReplacement;
    } else if (text[0] == '"' || text[0] == '\\') {
      quoted += {'\\', text[0]};
    } else if (IsControl(text[0])) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(text[0]));
    } else {
      quoted += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return quoted + '"';
}

std::string UtcTime(std::chrono::system_clock::time_point now) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const std::time_t seconds = ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, ms % 1000);
}

void WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

std::string FormatLogLine(LogFormat format, std::string_view tool, LogLevel level,
                          std::string_view message, std::chrono::system_clock::time_point now) {
  if (format == LogFormat::kJson) {
    return fmt::format("{{\"time\":\"{}\",\"tool\":{},\"level\":\"{}\",\"message\":{}}}\n",
                       UtcTime(now), JsonString(tool), LevelName(level), JsonString(message));
  }
  std::string line = fmt::format("{}: {}: {}", tool, LevelName(level), message);
  for (char& byte : line) {
    if (IsControl(byte)) byte = ' ';
  }
  return line + '\n';
}

Log StderrLog(std::string tool, LogLevel least, LogFormat format) {
  return [tool = std::move(tool), least, format](LogLevel level, std::string_view message) {
    if (level < least) return;
    const auto now = std::chrono::system_clock::now();
    WriteAll(STDERR_FILENO, FormatLogLine(format, tool, level, message, now));
  };
}

}  // namespace rk
