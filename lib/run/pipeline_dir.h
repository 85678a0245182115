#pragma once

#include <string>

#include "lib/base/descriptor.h"

namespace rk {

/// The 0700 directory of one running pipeline, NAME in this user's runtime directory (RuntimeDir):
/// its sockets are in it, and while this object lives no other process has the same one.
class PipelineDir {
 public:
  /// Makes it, empties it of what a killed pipeline left, and removes those of inline lines that
  /// are dead. Throws Error(kTryAgain) if that pipeline is running, Error(kConfiguration) if the
  /// name or the directory does not do, Error(kIo).
  explicit PipelineDir(const std::string& name);
  /// Removes it.
  ~PipelineDir();
  PipelineDir(const PipelineDir&) = delete;
  PipelineDir& operator=(const PipelineDir&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  Descriptor lock_;
};

/// Where PipelineDir has the pipeline of that name; makes nothing but the runtime directory. Throws
/// Error(kConfiguration).
std::string PipelinePath(const std::string& name);

/// True if a process has the PipelineDir at `path`.
bool IsRunning(const std::string& path);

}  // namespace rk
