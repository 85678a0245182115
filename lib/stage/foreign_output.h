#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "lib/base/descriptor.h"
#include "lib/base/event_fd.h"
#include "lib/base/log.h"

namespace rk {

/// Cuts what libraries print into lines, and lets a few of these by: ten in ten seconds. How many
/// were left out is said with the next one that is not. A pure class: times are the caller's.
class ForeignLines {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Take = std::function<void(std::string_view line)>;

  /// More of the text: `take` gets the lines that end in it, those of nothing but space not, and
  /// of each at most 1,000 bytes.
  void Add(std::string_view text, Time now, const Take& take);
  /// There is no more: the line under way ends, and so does the count of what was left out.
  void End(Time now, const Take& take);

 private:
  void EndLine(Time now, const Take& take);
  void TellLeftOut(const Take& take);

  std::string line_;
  Time window_{};
  size_t taken_ = 0;  // in the window
  size_t left_out_ = 0;
};

/// Whatever this process prints on descriptors 1 and 2, by libraries or a model, goes to the log as
/// level info from now on, through ForeignLines; the log must write to another descriptor. If a
/// signal is the death of the process, what is not read by then goes to `last_words` as it is. One
/// at a time. A thread of its own.
class ForeignOutput {
 public:
  /// Throws Error(kIo).
  ForeignOutput(Log log, int last_words);
  /// Logs what was printed so far. Descriptors 1 and 2 are then `last_words`.
  ~ForeignOutput();
  ForeignOutput(const ForeignOutput&) = delete;
  ForeignOutput& operator=(const ForeignOutput&) = delete;

 private:
  void Relay();

  Log log_;
  int last_words_;
  Descriptor read_end_;
  EventFd done_;
  std::thread thread_;
};

}  // namespace rk
