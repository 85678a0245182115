#include "lib/kafka/iso_time.h"

#include <charconv>
#include <chrono>

#include <fmt/format.h>

namespace rk {
namespace {

using std::chrono::milliseconds;

// Takes one part of a time after the other from the front of the text; empty once one is not there.
class Parts {
 public:
  explicit Parts(std::string_view text) : left_(text) {}

  bool Skip(char byte) {
    const bool there = left_.starts_with(byte);
    if (there) left_.remove_prefix(1);
    return there;
  }

  // So many digits; nullopt if it is another number of them, or a number over `most`.
  std::optional<int> Number(size_t digits, int most) {
    int number = 0;
    const std::string_view text = left_.substr(0, digits);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + digits || number < 0 || number > most)
      return std::nullopt;
    left_.remove_prefix(digits);
    return number;
  }

  // Any number of digits after the point; what is below a millisecond is cut off.
  std::optional<int> Fraction() {
    const size_t digits = std::min(left_.find_first_not_of("0123456789"), left_.size());
    const std::string padded = std::string(left_.substr(0, std::min<size_t>(digits, 3))) + "00";
    left_.remove_prefix(digits);
    return digits == 0 ? std::nullopt : Parts(padded).Number(3, 999);
  }

  bool empty() const { return left_.empty(); }

 private:
  std::string_view left_;
};

std::optional<std::chrono::sys_days> Date(Parts& parts) {
  const auto year = parts.Number(4, 9999);
  const bool first = parts.Skip('-');
  const auto month = parts.Number(2, 12);
  const bool second = parts.Skip('-');
  const auto day = parts.Number(2, 31);
  if (!year || !first || !month || !second || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date};
}

std::optional<milliseconds> TimeOfDay(Parts& parts) {
  const auto hour = parts.Number(2, 23);
  const bool colon = parts.Skip(':');
  const auto minute = parts.Number(2, 59);
  if (!hour || !colon || !minute) return std::nullopt;
  milliseconds time = std::chrono::hours(*hour) + std::chrono::minutes(*minute);
  if (!parts.Skip(':')) return time;
  const auto second = parts.Number(2, 59);
  if (!second) return std::nullopt;
  time += std::chrono::seconds(*second);
  if (!parts.Skip('.')) return time;
  const auto fraction = parts.Fraction();
  if (!fraction) return std::nullopt;
  return time + milliseconds(*fraction);
}

std::optional<milliseconds> Zone(Parts& parts) {
  if (parts.Skip('Z')) return milliseconds(0);
  const bool east = parts.Skip('+');
  if (!east && !parts.Skip('-')) return std::nullopt;
  const auto hours = parts.Number(2, 23);
  parts.Skip(':');
  const auto minutes = parts.Number(2, 59);
  if (!hours || !minutes) return std::nullopt;
  const milliseconds offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return east ? offset : -offset;
}

}  // namespace

std::optional<int64_t> ParseIsoTime(std::string_view text) {
  Parts parts(text);
  const auto date = Date(parts);
  if (!date || !parts.Skip('T')) return std::nullopt;
  const auto time = TimeOfDay(parts);
  if (!time) return std::nullopt;
  const auto zone = Zone(parts);
  if (!zone || !parts.empty()) return std::nullopt;
  const milliseconds since = date->time_since_epoch() + *time - *zone;
  return since.count() < 0 ? std::nullopt : std::optional<int64_t>(since.count());
}

std::string IsoTime(int64_t ms) {
  const std::chrono::sys_time<milliseconds> time{milliseconds(ms)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace rk
