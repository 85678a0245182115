#pragma once

#include <memory>
#include <string>

#include "lib/batch/frame_format.h"
#include "lib/link/sink.h"
#include "lib/link/source.h"

namespace CLI {
class App;
}

namespace rk {

/// Where a stage's frames come from and go to: `-`, the pipe, is the default. ipc:// endpoints will
/// be told apart here, so that no tool knows which link it has.
struct LinkOptions {
  std::string in = "-";
  std::string out = "-";
  size_t max_frame = frame_format::kDefaultMaxFrame;
};

void AddInputOptions(CLI::App& app, LinkOptions& options);   ///< --in, --max-frame
void AddOutputOptions(CLI::App& app, LinkOptions& options);  ///< --out

/// Throws Error(kUsage) for an endpoint it does not know.
std::unique_ptr<Source> OpenSource(const LinkOptions& options);
std::unique_ptr<Sink> OpenSink(const LinkOptions& options);

}  // namespace rk
