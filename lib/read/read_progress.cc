#include "lib/read/read_progress.h"

#include <unistd.h>

#include <optional>

#include "lib/stage/tool.h"

namespace rk {

std::unique_ptr<Progress> ShowReading(const ReaderOptions& options, const Reader& reader,
                                      const Stage& stage) {
  if (!options.exit_at_end && !options.end && !options.count) return nullptr;
  if (isatty(stage.output) == 1) return nullptr;  // records are printed there
  return std::make_unique<Progress>(stage, "records", [&reader, count = options.count] {
    const auto done = static_cast<double>(reader.done());
    const auto total = static_cast<double>(reader.total());
    if (count) return ProgressState{done, static_cast<double>(*count)};
    return ProgressState{done, total > 0 ? std::optional(total) : std::nullopt};
  });
}

}  // namespace rk
