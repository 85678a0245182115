#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/batch/frame.h"
#include "lib/batch/partition.h"
#include "lib/batch/transaction_flow.h"
#include "lib/link/ack_channel.h"

namespace rk {

/// What a writer tells the readers of the batches it was given, and what they tell it. Used by one
/// thread.
class Acknowledger {
 public:
  using Clock = std::chrono::steady_clock;

  /// Acknowledgements that nobody waits for keep one another company for so long. From a pipe the
  /// reader commits once a second; where records come one by one, being woken by each delivery
  /// report and waking the reader for it was most of what both ends did. On a link somebody waits:
  /// a frame that is done is a credit.
  static constexpr std::chrono::milliseconds kCompany{5};

  /// `keys` are for readers on tcp://.
  explicit Acknowledger(const Log& log, std::shared_ptr<const KeyFolder> keys = nullptr)
      : log_(log), networked_(keys != nullptr), channel_(log, std::move(keys)) {}

  /// A frame of a reader came.
  void Heard(const BatchInfo& batch, Clock::time_point now);
  /// All of a batch is stored: to be told with the next Flush() that is due.
  void Acknowledge(const BatchInfo& batch);
  /// Told at once: send it again, if it is still needed.
  void Nack(const BatchInfo& batch);
  /// Told at once: its epoch is over.
  void Fenced(const BatchInfo& batch);

  /// Told at once, by what only a writer that runs exactly once says, or only another one: that it
  /// does not fit us. Of its batches it tells nothing.
  void Refuse(const BatchInfo& batch, bool exactly_once);

  /// True if an acknowledgement waits for the next Flush().
  bool pending() const { return !pending_.empty(); }
  /// Tells what is pending, unless the last time was less than `company` before.
  void Flush(Clock::time_point now, std::chrono::milliseconds company);

  /// Told at once: one of `kind`, a Claim or Taken, in the names given.
  void Tell(AckKind kind, const PartitionClaim& claim, std::vector<std::string> names);

  /// False if the reader's process is gone.
  bool IsAlive(const std::string& endpoint) const;

  /// What a reader said: that it gave a partition up, in that epoch and all before it (Fence), and
  /// to writers that commit exactly once a Grant or its Group.
  struct Told {
    std::string endpoint;
    Origin origin{};
    AckMessage message;
  };
  /// The next that came, else nullopt; never blocks.
  std::optional<Told> NextTold();
  /// For POLLIN: stays readable until NextTold() has said nullopt.
  int fd() const { return channel_.fd(); }

  /// Forgets readers that have been silent for 10 minutes, and closes idle connections.
  void Expire(Clock::time_point now);
  /// Tells what is pending and waits until all is handed over, at most `timeout`.
  void Close(std::chrono::milliseconds timeout);

 private:
  struct Reader {
    Origin origin{};
    Clock::time_point seen;
  };
  struct Pending {
    std::string endpoint;
    AckMessage message;
  };

  void SendPending();

  Log log_;
  bool networked_;  ///< frames may come from other machines
  AckClient channel_;
  std::map<std::string, Reader, std::less<>> readers_;  ///< by acknowledgement endpoint
  std::vector<Pending> pending_;
  Clock::time_point flushed_;
};

}  // namespace rk
