#include "lib/run/replay.h"

#include <chrono>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "lib/link/ack_channel.h"
#include "lib/link/ack_directory.h"

namespace rk {

void AskForReplay(const std::string& directory, const Log& log) {
  constexpr std::chrono::milliseconds kLongestWait{200};
  try {
    AckClient client(log);
    AckMessage message;
    message.kind = AckKind::kNackAll;
    const std::vector<std::string> readers = LiveReaders(directory);
    for (const std::string& endpoint : readers) client.Send(endpoint, message);
    client.Close(kLongestWait);
    log(LogLevel::kInfo,
        fmt::format("requested replay of in-flight batches readers={}", readers.size()));
  } catch (const std::exception& error) {
    log(LogLevel::kWarning,
        fmt::format(
            "cannot request a replay: what a dead process held is replayed after a minute: {}",
            error.what()));
  }
}

}  // namespace rk
