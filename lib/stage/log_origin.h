#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace rk {

/// Who logs: a tool, and which process of which pipeline it is. Any thread.
class LogOrigin {
 public:
  /// `process` as rk-run says it in RK_STAGE: PIPELINE/STAGE/REPLICA; anything else is none.
  explicit LogOrigin(std::string tool, std::string_view process = {});

  /// It is rk-run of that pipeline, none of its stages.
  void Supervise(const std::string& pipeline);

  /// `rk-infer[infer.0]`, and `rk-infer` where it is no stage of a pipeline.
  const std::string& text() const { return text_; }
  /// As members of a JSON object:
  /// `"tool":"rk-infer","pipeline":"credit","stage":"infer","replica":0`, the last three only in a
  /// pipeline of rk-run's.
  std::string Json() const;

 private:
  const std::string tool_;
  std::string text_;
  mutable std::mutex mutex_;
  std::string members_;  ///< guarded by mutex_
};

/// A process of a pipeline as RK_STAGE names it.
struct StageProcess {
  std::string pipeline;
  std::string stage;
  size_t replica = 0;
};

/// The way there and back; nothing if `text` is not of that form.
std::string StageProcessText(const StageProcess& process);
std::optional<StageProcess> ParseStageProcess(std::string_view text);

/// The `key=value` words of a message as a JSON object; empty if there are none. A value that is a
/// number is one. Of a key that comes again the first counts.
std::string LogFieldsJson(std::string_view message);

}  // namespace rk
