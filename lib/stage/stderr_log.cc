#include "lib/stage/stderr_log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "lib/base/descriptor_io.h"
#include "lib/base/environment.h"
#include "lib/base/level_name.h"
#include "lib/base/repeat_limit.h"
#include "lib/observe/json_string.h"

namespace rk {
namespace {

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

// What all copies of a Log share; the last one tells what is left to tell.
class Lines {
 public:
  Lines(std::shared_ptr<const LogOrigin> origin, LogFormat format, int fd)
      : origin_(std::move(origin)),
        format_(format),
        fd_(fd),
        wipe_(format == LogFormat::kText && isatty(fd) == 1 &&
                      Environment("TERM").value_or("dumb") != "dumb"
                  ? "\x1b[K"
                  : "") {}
  ~Lines() {
    for (const RepeatLimit::LeftOut& left_out : limit_.End()) Tell(left_out);
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  void Write(LogLevel level, std::string_view message) {
    if (level < LogLevel::kWarning || Admit(message)) Print(level, message);
  }

 private:
  bool Admit(std::string_view message) {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    for (const RepeatLimit::LeftOut& left_out : limit_.TakeLeftOut(now)) Tell(left_out);
    return limit_.Admit(KindOfLine(message), message, now);
  }

  void Tell(const RepeatLimit::LeftOut& left_out) {
    Print(LogLevel::kWarning,
          fmt::format("{} more lines like this one: {}", left_out.count, left_out.last));
  }

  void Print(LogLevel level, std::string_view message) {
    const auto now = std::chrono::system_clock::now();
    (void)WriteAll(fd_, wipe_ + FormatLogLine(format_, *origin_, level, message, now));
  }

  const std::shared_ptr<const LogOrigin> origin_;
  const LogFormat format_;
  const int fd_;
  const std::string wipe_;  ///< what a Progress, perhaps another process's, has left in the line
  std::mutex mutex_;
  RepeatLimit limit_;  // guarded by mutex_
};

}  // namespace

std::string FormatLogLine(LogFormat format, const LogOrigin& origin, LogLevel level,
                          std::string_view message, std::chrono::system_clock::time_point now) {
  if (format == LogFormat::kJson) {
    const std::string fields = LogFieldsJson(message);
    return fmt::format("{{\"time\":\"{}\",{},\"level\":\"{}\",\"message\":{}{}{}}}\n", UtcTime(now),
                       origin.Json(), LevelName(level), JsonString(message),
                       fields.empty() ? "" : ",\"fields\":", fields);
  }
  const std::string time = format == LogFormat::kText ? UtcTime(now) + ' ' : "";
  std::string line = fmt::format("{}{}: {}: {}", time, origin.text(), LevelName(level), message);
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

Log StderrLog(std::shared_ptr<const LogOrigin> origin, LogLevel least, LogFormat format, int fd) {
  const auto lines = std::make_shared<Lines>(std::move(origin), format, fd);
  return [lines, least](LogLevel level, std::string_view message) {
    if (level >= least) lines->Write(level, message);
  };
}

}  // namespace rk
