#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/log.h"
#include "lib/batch/frame.h"
#include "lib/link/ack_message.h"
#include "lib/link/link_address.h"
#include "lib/link/runtime_dir.h"

namespace rk {

/// Who has not heard of a reader for so long takes it to be gone. As WriterOrder::Expire() does.
inline constexpr std::chrono::minutes kForgetReaderAfter{10};

/// The reader's end: a ROUTER bound on `ack-<origin>` in the runtime directory, and where the
/// writer is on another machine on tcp:// too. TryReceive(), fd() and Broadcast() belong to one
/// thread.
class AckServer {
 public:
  /// Binds before the first frame is sent. Removes files of dead readers there first (connect(2)
  /// tells: libzmq would unlink a live one). `tcp` is where to bind as well, and what endpoint()
  /// is then. Throws Error(kIo), and what Binding throws.
  AckServer(const RuntimeDir& directory, const Origin& origin, Log log,
            const std::optional<LinkAddress>& tcp = std::nullopt);
  ~AckServer();

  /// What frames carry: `ipc://…`, or `tcp://…`.
  const std::string& endpoint() const;
  /// The next message, else nullopt; never blocks. Hello is kept for Broadcast() and not returned;
  /// nonsense is logged once per peer and dropped.
  std::optional<AckMessage> TryReceive();
  /// Who sent what TryReceive() returned last.
  const std::string& sender() const;
  /// To one that sent something; lost if it is gone.
  void SendTo(const std::string& peer, const AckMessage& message);
  /// To every writer that said hello.
  void Broadcast(const AckMessage& message);
  /// For POLLIN. Stays readable until TryReceive() has said nullopt.
  int fd() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The writer's end: one DEALER for each reader it hears of, at most 64, closed after 60 s idle.
/// One thread.
class AckClient {
 public:
  /// `keys` are for readers on tcp://; without them those on this machine's loopback are reached.
  explicit AckClient(Log log, std::shared_ptr<const KeyFolder> keys = nullptr);
  ~AckClient();

  /// True if the endpoint is one that Send() takes.
  bool Reaches(const std::string& endpoint) const;

  /// Sends without blocking (the reader's window bounds what can be queued); says hello first on a
  /// new connection. Throws Error(kBadData) for an endpoint that is not ipc:// and an absolute
  /// path or tcp:// and an address, Error(kConfiguration) for one whose key is not there, and
  /// Error(kIo).
  void Send(const std::string& endpoint, const AckMessage& message);
  struct Incoming {
    std::string endpoint;
    AckMessage message;  ///< a Fence, Grant or Group
  };
  /// The next message of any reader, else nullopt; never blocks. Nonsense is logged once per
  /// connection and dropped.
  std::optional<Incoming> TryReceive();
  /// For POLLIN, one descriptor for all connections. Stays readable until TryReceive() has said
  /// nullopt.
  int fd() const;
  /// Closes what was idle for 60 s.
  void Expire(std::chrono::steady_clock::time_point now);
  /// Closes all connections. What was sent is handed over for at most `timeout` more, but not to
  /// readers that are gone by now, and the last of the process's sockets to be closed waits for
  /// that. Only the destructor may follow. Without it that is at most 1 s.
  void Close(std::chrono::milliseconds timeout);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rk
