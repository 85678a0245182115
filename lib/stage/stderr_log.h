#pragma once

#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "lib/base/log.h"
#include "lib/stage/log_origin.h"

namespace rk {

enum class LogFormat {
  /// `2025-01-31T12:00:00.000Z rk-read: info: message key=value …`, or `rk-read[read.0]: …`
  kText,
  kPlainText,  ///< `rk-read: info: message key=value …`
  kJson,  ///< {"time":"2025-01-31T12:00:00.000Z",LogOrigin,"level":…,"message":…,"fields":…}
};

/// One line, newline included. The text never has control characters in it and the JSON is always
/// valid, whatever bytes `message` holds.
std::string FormatLogLine(LogFormat format, const LogOrigin& origin, LogLevel level,
                          std::string_view message, std::chrono::system_clock::time_point now);

/// True if the descriptor, a stderr, goes to systemd's journal (JOURNAL_STREAM, systemd.exec(5)),
/// which has a time of its own for each line.
bool IsJournal(int fd);

/// Writes messages of `least` and above to stderr, which is descriptor `fd`, each line with one
/// write(2), so that the lines of a pipeline's stages do not mix. Of warnings and errors that
/// differ in their digits alone a few are written and the others counted (RepeatLimit). Any thread.
/// What stderr refuses is dropped.
Log StderrLog(std::shared_ptr<const LogOrigin> origin, LogLevel least, LogFormat format,
              int fd = STDERR_FILENO);

}  // namespace rk
