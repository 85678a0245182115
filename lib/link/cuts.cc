#include "lib/link/cuts.h"

#include <map>
#include <mutex>

namespace rk {
namespace {

struct Cuts {
  std::mutex mutex;
  std::map<std::string, uint64_t> by_host;
};

Cuts& Noted() {
  static Cuts cuts;
  return cuts;
}

}  // namespace

void NoteCut(const std::string& host) {
  Cuts& cuts = Noted();
  const std::lock_guard lock(cuts.mutex);
  ++cuts.by_host[host];
}

uint64_t CutsFrom(const std::string& host) {
  Cuts& cuts = Noted();
  const std::lock_guard lock(cuts.mutex);
  const auto found = cuts.by_host.find(host);
  return found == cuts.by_host.end() ? 0 : found->second;
}

}  // namespace rk
