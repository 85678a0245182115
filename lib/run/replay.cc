#include "lib/run/replay.h"

#include <chrono>
#include <exception>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "lib/link/ack_channel.h"
#include "lib/link/socket_file.h"

namespace rk {

void AskForReplay(const std::string& directory, const Log& log) {
  constexpr std::chrono::milliseconds kLongestWait{200};
  try {
    AckClient client(log);
    AckMessage message;
    message.kind = AckKind::kNackAll;
    int readers = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      const std::string name = entry.path().filename();
      if (!name.starts_with("ack-") || !entry.is_socket() || !IsLive(entry.path())) continue;
      client.Send("ipc://" + entry.path().string(), message);
      ++readers;
    }
    client.Close(kLongestWait);
    log(LogLevel::kInfo, fmt::format("asked for what is in flight again readers={}", readers));
  } catch (const std::exception& error) {
    log(LogLevel::kWarning,
        fmt::format("what a dead process held comes again only after a minute: {}", error.what()));
  }
}

}  // namespace rk
