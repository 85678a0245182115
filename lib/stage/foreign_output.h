#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "lib/base/descriptor.h"
#include "lib/base/event_fd.h"
#include "lib/base/log.h"
#include "lib/base/repeat_limit.h"

namespace rk {

/// Cuts what libraries print into lines, and lets a few of these by (RepeatLimit). How many were
/// left out is said with the next one that is not. A pure class: times are the caller's.
class ForeignLines {
 public:
  using Time = RepeatLimit::Time;
  using Take = std::function<void(std::string_view line)>;
  enum class Limit {
    kAll,    ///< ten in ten seconds, whatever they say: of who knows nothing of our users
    kAlike,  ///< ten in ten seconds of those that differ in digits alone: of a user's own program
  };

  explicit ForeignLines(Limit limit = Limit::kAll) : limit_(limit) {}

  /// More of the text: `take` gets the lines that end in it, those of nothing but space not, and
  /// of each at most 1,000 bytes.
  void Add(std::string_view text, Time now, const Take& take);
  /// There is no more: the line under way ends, and so does the count of what was left out.
  void End(Time now, const Take& take);

 private:
  void EndLine(Time now, const Take& take);
  void Tell(const std::vector<RepeatLimit::LeftOut>& left_out, const Take& take) const;

  Limit limit_;
  RepeatLimit repeats_;
  std::string line_;
};

/// What ForeignOutput says of what was printed, and how.
struct ForeignVoice {
  std::string who = "the model or a library";  ///< ends "printed by"
  ForeignLines::Limit limit = ForeignLines::Limit::kAll;
  /// Of LogOrigin::Json(), for last words that are to be JSON too; empty: they go as they are.
  std::string json_origin = {};
};

/// Whatever this process prints on descriptors 1 and 2, by libraries or a model, goes to the log as
/// level info from now on, through ForeignLines; the log must write to another descriptor. If a
/// signal is the death of the process, what is not read by then goes to `last_words`. One at a
/// time. A thread of its own.
class ForeignOutput {
 public:
  /// Throws Error(kIo).
  ForeignOutput(Log log, int last_words, ForeignVoice voice = {});
  /// Logs what was printed so far. Descriptors 1 and 2 are then `last_words`.
  ~ForeignOutput();
  ForeignOutput(const ForeignOutput&) = delete;
  ForeignOutput& operator=(const ForeignOutput&) = delete;

 private:
  void Relay();

  Log log_;
  ForeignVoice voice_;
  int last_words_;
  Descriptor read_end_;
  EventFd done_;
  std::thread thread_;
};

}  // namespace rk
