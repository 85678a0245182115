#include "lib/write/text_progress.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/stage/tool.h"

namespace rk {

std::unique_ptr<Progress> ShowText(const TextOptions& options, const Stage& stage) {
  if (!options.text) return nullptr;
  if (!options.files.empty()) {
    const Metric& records = stage.metrics.Counter("records_in");
    return std::make_unique<Progress>(stage, "files", [&records, total = options.files.size()] {
      return ProgressState{static_cast<double>(records.value()), static_cast<double>(total)};
    });
  }
  struct stat input = {};
  if (fstat(STDIN_FILENO, &input) != 0 || !S_ISREG(input.st_mode)) return nullptr;
  return std::make_unique<Progress>(stage, "bytes", [size = input.st_size] {
    return ProgressState{static_cast<double>(lseek(STDIN_FILENO, 0, SEEK_CUR)),
                         static_cast<double>(size)};
  });
}

}  // namespace rk
