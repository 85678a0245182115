#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/batch/ledger.h"
#include "lib/kafka/consumer.h"
#include "lib/link/link_address.h"
#include "lib/read/start_offsets.h"

namespace rk {

/// What rk-read is told of Kafka.
struct ReaderOptions {
  ClientSettings client;
  std::vector<std::string> topics;                 ///< names, or patterns: IsPattern
  std::string group;                               ///< empty: none; nothing is committed
  std::string instance;                            ///< group.instance.id
  std::optional<std::vector<int32_t>> partitions;  ///< fixed ones; an empty list is all of them
  StartOffset start;
  StartOffsets::Priority start_priority = StartOffsets::Priority::kAsked;
  std::optional<StartOffset> end;  ///< a time: each partition ends at its first record from then on
  bool exit_at_end = false;
  std::optional<uint64_t> count;  ///< records to read, then drain
  bool exactly_once = false;      ///< the writers commit, in their transactions
  bool skip_lost = false;         ///< go on where retention overtook the position
  bool commit_sent = false;       ///< what is written counts as done, where nobody acknowledges
  Consumer::Limits batch;
  Ledger::Limits window;
  std::optional<LinkAddress> ack;  ///< on tcp://, where acknowledgements come from elsewhere
  std::chrono::milliseconds revoke_grace{3000};  ///< for what is in flight of a revoked partition
};

}  // namespace rk
