#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rk {

/// How many durations there were of which size, to within 1 %, from 1 µs to 20 minutes.
class LatencyHistogram {
 public:
  void Add(std::chrono::nanoseconds latency);
  /// What a share `q`, 0 to 1, of them does not exceed; 0 for none at all.
  std::chrono::nanoseconds Quantile(double q) const;

 private:
  std::array<uint64_t, 2112> counts_{};
  uint64_t count_ = 0;
};

/// What arrived of `count` records that were numbered from 0, record n with key n mod `keys`.
/// A bit a record and eight bytes a key.
class Tally {
 public:
  Tally(uint64_t count, uint64_t keys) : seen_(count), last_(keys) {}

  /// Record `id` came. One that was never sent counts as unknown.
  void Add(uint64_t id, std::chrono::nanoseconds latency);

  uint64_t distinct() const { return distinct_; }
  uint64_t duplicates() const { return duplicates_; }
  uint64_t unknown() const { return unknown_; }
  /// Records that came for the first time after a later one of their key.
  uint64_t disordered() const { return disordered_; }
  /// Of each record's first coming.
  const LatencyHistogram& latencies() const { return latencies_; }

 private:
  std::vector<bool> seen_;
  std::vector<uint64_t> last_;  ///< of each key the highest id that came, plus 1
  uint64_t distinct_ = 0;
  uint64_t duplicates_ = 0;
  uint64_t unknown_ = 0;
  uint64_t disordered_ = 0;
  LatencyHistogram latencies_;
};

}  // namespace rk
