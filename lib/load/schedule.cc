#include "lib/load/schedule.h"

#include <cmath>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

constexpr double kBurstFactor = 10;

}  // namespace

Schedule::Schedule(Profile profile, double rate, std::chrono::duration<double> duration)
    : profile_(profile), rate_(rate), seconds_(duration.count()) {
  const double records = rate_ * seconds_ * (profile == Profile::kRamp ? 0.5 : 1);
  count_ = static_cast<uint64_t>(std::llround(records));
}

std::chrono::nanoseconds Schedule::At(uint64_t number) const {
  const auto n = static_cast<double>(number);
  double at = n / rate_;
  if (profile_ == Profile::kBurst) {
    const double second = std::floor(at);
    at = second + (at - second) / kBurstFactor;
  } else if (profile_ == Profile::kRamp) {
    at = std::sqrt(2 * seconds_ * n / rate_);  // rate·t²/(2·seconds) records are due by t
  }
  return std::chrono::nanoseconds(std::llround(at * 1e9));
}

Schedule::Profile ParseProfile(std::string_view text) {
  if (text == "constant") return Schedule::Profile::kConstant;
  if (text == "burst") return Schedule::Profile::kBurst;
  if (text == "ramp") return Schedule::Profile::kRamp;
  throw Error(ErrorKind::kUsage, fmt::format("profile '{}' is not constant, burst or ramp", text));
}

}  // namespace rk
