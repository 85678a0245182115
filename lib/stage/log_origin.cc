#include "lib/stage/log_origin.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "lib/observe/json_string.h"

namespace rk {
namespace {

bool IsKey(std::string_view text) {
  return !text.empty() && text[0] >= 'a' && text[0] <= 'z' &&
         std::ranges::all_of(text, [](char byte) {
           return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
         });
}

bool IsDigit(char byte) { return byte >= '0' && byte <= '9'; }

// As JSON has numbers, but for exponents.
bool IsNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t whole = std::min(text.find('.'), text.size());
  const std::string_view fraction = text.substr(std::min(whole + 1, text.size()));
  const bool leading = whole > 1 && text[0] == '0';
  return whole > 0 && !leading && (whole == text.size() || !fraction.empty()) &&
         std::ranges::all_of(text.substr(0, whole), IsDigit) &&
         std::ranges::all_of(fraction, IsDigit);
}

}  // namespace

LogOrigin::LogOrigin(std::string tool, std::string_view process)
    : tool_(std::move(tool)), text_(tool_) {
  const auto known = ParseStageProcess(process);
  if (!known) return;
  text_ = fmt::format("{}[{}.{}]", tool_, known->stage, known->replica);
  members_ = fmt::format(R"(,"pipeline":{},"stage":{},"replica":{})", JsonString(known->pipeline),
                         JsonString(known->stage), known->replica);
}

void LogOrigin::Supervise(const std::string& pipeline) {
  const std::lock_guard lock(mutex_);
  members_ = fmt::format(R"(,"pipeline":{},"stage":null,"replica":null)", JsonString(pipeline));
}

std::string LogOrigin::Json() const {
  const std::lock_guard lock(mutex_);
  return fmt::format(R"("tool":{}{})", JsonString(tool_), members_);
}

std::string StageProcessText(const StageProcess& process) {
  return fmt::format("{}/{}/{}", process.pipeline, process.stage, process.replica);
}

std::optional<StageProcess> ParseStageProcess(std::string_view text) {
  const size_t last = text.rfind('/');
  const size_t first = last == std::string_view::npos ? last : text.rfind('/', last - 1);
  if (last == 0 || first == std::string_view::npos) return std::nullopt;
  StageProcess process{std::string(text.substr(0, first)),
                       std::string(text.substr(first + 1, last - first - 1)), 0};
  const std::string_view number = text.substr(last + 1);
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), process.replica);
  if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  return process;
}

std::string LogFieldsJson(std::string_view message) {
  std::string fields;
  std::set<std::string_view> seen;
  while (!message.empty()) {
    const size_t end = std::min(message.find(' '), message.size());
    const std::string_view word = message.substr(0, end);
    message.remove_prefix(std::min(end + 1, message.size()));
    const size_t equals = word.find('=');
    if (equals == std::string_view::npos || !IsKey(word.substr(0, equals))) continue;
    std::string_view value = word.substr(equals + 1);
    // Punctuation behind the last one is the sentence's.
    if (value.ends_with(':') || value.ends_with(',')) value.remove_suffix(1);
    if (value.empty() || !seen.insert(word.substr(0, equals)).second) continue;
    fields += fmt::format("{}{}:{}", fields.empty() ? "{" : ",", JsonString(word.substr(0, equals)),
                          IsNumber(value) ? std::string(value) : JsonString(value));
  }
  return fields.empty() ? "" : fields + "}";
}

}  // namespace rk
