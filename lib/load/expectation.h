#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rk {

/// What was measured, by name. Durations are in seconds.
using Measurements = std::map<std::string, double, std::less<>>;

/// One condition of --expect: `loss=0`, `p99<50ms`.
struct Expectation {
  std::string text;  ///< as it was given
  std::string name;
  std::string comparison;  ///< = < <= > >=
  double value = 0;        ///< a duration in seconds

  bool Holds(double measured) const;
};

/// The names that can be expected of.
const std::vector<std::string_view>& MeasurementNames();

/// Conditions with commas between them; a duration has a unit: us, ms or s. Throws Error(kUsage)
/// naming what is none, or holds, or does not, whatever is measured.
std::vector<Expectation> ParseExpectations(std::string_view text);

/// The conditions that do not hold, each with what was measured: `p99<50ms (it is 61.2ms)`. A name
/// that was not measured meets none.
std::vector<std::string> Unmet(const std::vector<Expectation>& expectations,
                               const Measurements& measured);

}  // namespace rk
