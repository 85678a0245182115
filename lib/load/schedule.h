#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace rk {

/// When each record of a load is due, counted from its beginning. It knows no clock, so that a slow
/// receiver cannot slow it down (an open loop).
class Schedule {
 public:
  enum class Profile {
    kConstant,  ///< evenly, at the rate
    kBurst,     ///< a second's records in its first tenth, then nothing
    kRamp,      ///< evenly faster: from 0 to the rate at the end
  };

  /// `rate` is in records a second, above 0, on average but for kRamp, where it is the last one.
  Schedule(Profile profile, double rate, std::chrono::duration<double> duration);

  /// How many records are due before the duration is over.
  uint64_t count() const { return count_; }
  /// When record `number` is due; later for a later one.
  std::chrono::nanoseconds At(uint64_t number) const;

 private:
  Profile profile_;
  double rate_;
  double seconds_;
  uint64_t count_;
};

/// `constant|burst|ramp`. Throws Error(kUsage).
Schedule::Profile ParseProfile(std::string_view text);

}  // namespace rk
