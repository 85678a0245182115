#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>

namespace rk {

struct BatcherOptions {
  size_t max_batch = 1024;                ///< most records in one call
  std::chrono::nanoseconds max_delay{0};  ///< how long the first waiting record waits for others
  /// Batches are taken while what waits has fewer bytes than this.
  size_t max_bytes = size_t{64} << 20;
};

/// Decides when a model or a program is called, and on which of the records that wait: those of any
/// batches together, but those of a suspect (docs/architecture.md I8) by themselves. Batches go in
/// the order in which they came. A pure class: times are the caller's.
class Batcher {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Batcher(const BatcherOptions& options) : options_(options) {}

  /// A batch came at `now`; `records` of it, maybe none, are for the call.
  void Add(size_t records, size_t bytes, bool suspect, Time now);

  /// True while no further batch should come: a whole call waits, or as much as may be held.
  bool full() const;

  /// When to call; nullopt if nothing waits.
  std::optional<Time> due() const;

  /// How many records from the front may share the next call: at most that of the batches before
  /// the next suspect, or of the suspect in front.
  size_t Shareable() const;

  /// So many records from the front are called, or turned out to be no rows. What is done
  /// of a batch at the front without records is known by then: it goes too.
  void Took(size_t records);

 private:
  struct Batch {
    size_t records;
    size_t bytes;
    bool suspect;
    Time since;
  };

  BatcherOptions options_;
  std::deque<Batch> batches_;
  size_t records_ = 0;
  size_t bytes_ = 0;
};

}  // namespace rk
