#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/kafka/config.h"
#include "lib/load/expectation.h"
#include "lib/load/schedule.h"
#include "lib/stage/tool.h"

namespace rk {

struct LoadOptions {
  ClientSettings client;
  std::string topic;
  std::string output;  ///< where results come out; empty: nothing is measured
  Schedule::Profile profile = Schedule::Profile::kConstant;
  double rate = 1000;  ///< records a second
  std::chrono::duration<double> duration{10};
  uint64_t keys = 100;
  std::vector<std::string> bodies;             ///< JSON objects, sent in turn; never empty
  std::chrono::duration<double> patience{10};  ///< for results, after the last record was sent
};

/// The lines of an NDJSON file. Throws Error(kMissing), and Error(kBadData) naming a line that is
/// no JSON object.
std::vector<std::string> ReadBodies(const std::string& path);

/// Sends a load by its schedule, whatever comes of it, and meanwhile reads the output topic from
/// where it ended at the start. Latency is counted from when a record was due. Returns when each
/// record's result has come, or the patience is over; SIGINT ends the sending. Throws Error of a
/// topic that is not there and brokers that cannot be reached.
Measurements RunLoad(const LoadOptions& options, Stage& stage);

/// Measurements as one line of JSON without its end; durations as NAME_ms.
std::string ToJson(const Measurements& measured);

}  // namespace rk
