#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/log.h"
#include "lib/kafka/kafka_options.h"
#include "lib/read/reader_options.h"

namespace CLI {
class App;
}

namespace rk {

/// What to read of Kafka, as a command line says it.
struct ReaderFlags {
  KafkaOptions kafka;
  ReaderOptions reader;  ///< as far as one option says it alone
  std::string partitions;
  std::vector<std::string> offsets;
  uint64_t batch_timeout_ms = 0;
};

/// Adds the options that say which records of Kafka, and those that say how many are a batch.
void AddReaderFlags(CLI::App& app, ReaderFlags& flags);
void AddBatchFlags(CLI::App& app, ReaderFlags& flags);

/// What all of them say together. Throws Error(kUsage) and what MakeClientSettings() throws.
ReaderOptions MakeReaderOptions(const ReaderFlags& flags, const Log& log);

}  // namespace rk
