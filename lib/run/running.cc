#include "lib/run/running.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/error.h"
#include "lib/link/runtime_dir.h"
#include "lib/run/pipeline_dir.h"
#include "lib/run/pipeline_file.h"

namespace rk {

std::vector<std::string> RunningPipelines() {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(RuntimeDir().path(), ignored)) {
    if (entry.is_directory(ignored) && IsRunning(entry.path()))
      names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

std::string RunningPipeline(const std::string& pipeline) {
  const bool path = pipeline.find('/') != std::string::npos || pipeline.ends_with(".toml");
  if (path || std::filesystem::is_regular_file(pipeline)) return PipelineNameIn(pipeline);
  if (!pipeline.empty()) return pipeline;
  const std::vector<std::string> names = RunningPipelines();
  if (names.empty()) {
    throw Error(ErrorKind::kUnavailable,
                fmt::format("no pipeline is running here (looked in {})", RuntimeDir().path()));
  }
  if (names.size() > 1) {
    throw Error(ErrorKind::kUsage, fmt::format("several pipelines are running: name one of {}",
                                               fmt::join(names, ", ")));
  }
  return names[0];
}

}  // namespace rk
