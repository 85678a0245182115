#include "lib/link/link_name.h"

#include <fmt/format.h>

#include "lib/link/tcp_address.h"

namespace rk {
namespace {

constexpr std::string_view kMark = "link:";
constexpr std::string_view kRefusal = "refused:";
constexpr const char* kAdvice = "do both machines have the same version of the pipeline file?";

std::optional<std::string> Behind(std::string_view prefix, std::string_view bytes) {
  if (!bytes.starts_with(prefix)) return std::nullopt;
  bytes.remove_prefix(prefix.size());
  if (!bytes.empty() && !IsLinkName(bytes)) return std::nullopt;
  return std::string(bytes);
}

std::string Named(std::string_view link) {
  return link.empty() ? "a link without a name" : fmt::format("link {}", link);
}

}  // namespace

std::string LinkMark(std::string_view link) { return std::string(kMark) + std::string(link); }

std::optional<std::string> LinkMarked(std::string_view bytes) { return Behind(kMark, bytes); }

std::string LinkRefusal(std::string_view link) { return std::string(kRefusal) + std::string(link); }

std::optional<std::string> LinkRefused(std::string_view bytes) { return Behind(kRefusal, bytes); }

std::string RefusedLink(std::string_view wanted, std::string_view ours) {
  return fmt::format("refused a stage that came for {}: this is {}; {}", Named(wanted), Named(ours),
                     kAdvice);
}

std::string WrongLink(std::string_view wanted, std::string_view theirs) {
  return fmt::format("is {}, and this stage came for {}: {}", Named(theirs), Named(wanted),
                     kAdvice);
}

}  // namespace rk
