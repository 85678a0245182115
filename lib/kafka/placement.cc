#include "lib/kafka/placement.h"

#include <charconv>
#include <system_error>

#include "lib/base/error.h"

namespace rk {

Placement ParsePlacement(const std::string& text) {
  if (text == "key") return {};
  if (text == "same") return {Placement::By::kSame};
  Placement fixed{Placement::By::kFixed};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), fixed.fixed);
  if (error == std::errc() && end == text.data() + text.size() && fixed.fixed >= 0) return fixed;
  throw Error(ErrorKind::kUsage,
              "--partition '" + text + "' is not key, same or a partition number");
}

}  // namespace rk
