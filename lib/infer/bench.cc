#include "lib/infer/bench.h"

#include <chrono>
#include <vector>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk {
namespace {

constexpr std::chrono::milliseconds kTime{300};
constexpr size_t kStep = 4;

std::vector<size_t> Sizes(const InferOptions& options) {
  if (!options.buckets.empty()) return options.buckets;
  std::vector<size_t> sizes;
  for (size_t rows = 1; rows < options.batching.max_batch; rows *= kStep) sizes.push_back(rows);
  sizes.push_back(options.batching.max_batch);
  return sizes;
}

// The mean of the calls that fit in the time, one at least.
double SecondsPerCall(WarmModel& model, size_t rows) {
  using Clock = std::chrono::steady_clock;
  model.Call(0, rows);
  const Clock::time_point start = Clock::now();
  Clock::duration took{};
  size_t calls = 0;
  while (calls == 0 || took < kTime) {
    model.Call(0, rows);
    ++calls;
    took = Clock::now() - start;
  }
  return std::chrono::duration<double>(took).count() / static_cast<double>(calls);
}

}  // namespace

std::string Bench(WarmModel& model, const InferOptions& options,
                  const std::function<void(size_t done, size_t total)>& tell) {
  const std::vector<size_t> sizes = Sizes(options);
  model.rows().Clear();
  model.rows().AddMadeUp(sizes.back(), model.filling());
  std::string text = fmt::format("{:>8} {:>12} {:>12}\n", "rows", "us/call", "rows/s");
  size_t done = 0;
  for (const size_t rows : sizes) {
    tell(done++, sizes.size());
    double seconds = 0;
    try {
      seconds = SecondsPerCall(model, rows);
    } catch (const ModelFailure& failure) {
      throw Error(ErrorKind::kConfiguration,
                  fmt::format("the model refuses {} made-up rows: {}", rows, failure.what()));
    }
    text += fmt::format("{:8} {:12.1f} {:12.0f}\n", rows, seconds * 1e6,
                        static_cast<double>(rows) / seconds);
  }
  return text;
}

}  // namespace rk
