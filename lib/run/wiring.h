#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/run/pipeline.h"

namespace rk {

/// A process that is to run.
struct ProcessSpec {
  std::string name;  ///< infer.0: its unit, and its place in that
  std::vector<std::string> argv;
  bool with_stdin = false;  ///< it has rk-run's own standard input; else none
  bool operator==(const ProcessSpec&) const = default;
};

enum class Role { kRead, kBalance, kMiddle, kWrite };

/// Processes that do the same: a stage, or an rk-balance between two.
struct Unit {
  std::string name;  ///< the stage's; for a balance that of the stage behind it and `-balance`
  Role role = Role::kMiddle;
  std::vector<ProcessSpec> processes;  ///< as many as there can be
  size_t start = 1;                    ///< so many of them at the beginning
  size_t min = 1;                      ///< so many of them always
  size_t scale_up_above = 0;
  size_t scale_down_below = 0;
  double cpus = 0;
  /// There can be only one at a time of each process: it binds an endpoint, or reads partitions.
  bool exclusive = false;
  /// SIGHUP has it read again what its command names: an rk-infer its model.
  bool reloads = false;
  /// It prints to the standard output that rk-run was given: where that is closed it stays closed.
  bool prints = false;
  /// What a command has more wherever it does not start for the first time: a reader goes on where
  /// its group is, whatever its -o says.
  std::vector<std::string> again;
  std::optional<size_t> queue;  ///< the unit in which records wait for this one
  /// Of a balance: the stage behind it, if that runs on machines that join and nowhere else.
  std::string elsewhere = {};
  bool operator==(const Unit&) const = default;
};

/// Stands for $RK_RUNTIME_DIR until ShellScript() puts that in: no word of a command has it, since
/// none can have a NUL in it.
inline constexpr std::string_view kShellDirectory("\0RK_RUNTIME_DIR", 15);

/// The processes of a pipeline, in the order of the flow (docs/architecture.md, Supervision).
/// Sockets are in `directory`, which may be an expression for a shell; `partitions` is how many the
/// topic has, for a reader that is per_partition; `instance` begins the group.instance.id of each
/// reader in a group. The readers share one window. Throws Error(kConfiguration) for a
/// --window-bytes that is no size.
std::vector<Unit> Wire(const Pipeline& pipeline, const std::string& directory, size_t partitions,
                       const std::string& instance);

/// A script for a shell that does what rk-run does with these units, but for supervising and
/// scaling them: `Wire` them with kShellDirectory as the directory.
std::string ShellScript(const std::vector<Unit>& units);

}  // namespace rk
