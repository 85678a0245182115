#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/log.h"

namespace rk {

/// A stage's options as its tool itself understands them (OptionsJson, lib/stage/option_report.h).
/// A value; any thread.
class ToolOptions {
 public:
  ToolOptions() = default;
  /// Takes what the tool has printed.
  explicit ToolOptions(std::string json) : json_(std::move(json)) {}

  /// The values of an option (`--topic`, the default where none was given) or of a fact (`group`);
  /// none if the tool knows no such name. Throws Error(kConfiguration) if the tool printed
  /// something else.
  std::vector<std::string> values(std::string_view name) const;
  /// The last of them, empty if there is none.
  std::string value(std::string_view name) const;
  /// The command, or the environment, has that option: `--group` also where it was `-G`.
  bool given(std::string_view name) const;

 private:
  std::string json_ = "{}";
};

/// A stage's command, and where it stands, as the beginning of a message.
struct ToolCommand {
  std::string where;
  std::vector<std::string> argv;
};

/// The options of each command, in the same order.
using AskTools = std::function<std::vector<ToolOptions>(const std::vector<ToolCommand>& commands)>;

/// Runs them all at once with --print-options, which opens nothing. A tool that refuses its command
/// says why on stderr; then this throws an Error that says where, of the kind that its exit status
/// means: kConfiguration for a usage error, since the pipeline has it in it. Throws
/// Error(kMissing) if there is no such program, Error(kUnavailable) if one does not answer within
/// 30 s.
std::vector<ToolOptions> AskToolOptions(const std::vector<ToolCommand>& commands);

}  // namespace rk
