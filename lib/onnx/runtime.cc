#include "lib/onnx/runtime.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "lib/base/error.h"

namespace rk::onnx {
namespace {

constexpr std::string_view kPreamble = "Non-zero status code returned while running ";

// `Load model from FILE failed:WHY` is WHY: whoever names the file does it once.
std::string WithoutFile(const std::string& text) {
  constexpr std::string_view kFailed = " failed:";
  const size_t failed = text.starts_with("Load model from ") ? text.find(kFailed) : text.npos;
  return failed == text.npos ? text : text.substr(failed + kFailed.size());
}

// `Non-zero status code returned while running Gather node. Name:'g' Status Message: WHY` is
// `Gather 'g': WHY`.
std::string WithoutPreamble(const std::string& text) {
  constexpr std::string_view kName = " node. Name:";
  constexpr std::string_view kMessage = " Status Message: ";
  const size_t begin = text.find(kPreamble);
  const size_t name = text.find(kName);
  const size_t message = text.find(kMessage);
  if (begin == std::string::npos || name == std::string::npos || message == std::string::npos) {
    return text;
  }
  const size_t kind = begin + kPreamble.size();
  const size_t quoted = name + kName.size();
  return fmt::format("{} {}: {}", text.substr(kind, name - kind),
                     text.substr(quoted, message - quoted), text.substr(message + kMessage.size()));
}

// The position after a function's signature as compilers spell it, at `at`: past its parameters.
size_t SkipSignature(std::string_view text, size_t at) {
  for (int depth = 0; at < text.size(); ++at) {
    if (text[at] == '(') ++depth;
    if (text[at] == ')' && --depth == 0 && text.substr(at + 1, 1) == " ") return at + 2;
  }
  return std::string_view::npos;
}

// `/…/FILE.cc:12 SIGNATURE CONDITION was false. WHY`, the same without the condition, and
// `FILE.cc:12 FUNCTION WHY` are all WHY.
std::string WithoutPlace(const std::string& text) {
  constexpr std::string_view kFalse = " was false. ";
  const size_t source = std::min(text.find(".cc:"), text.find(".h:"));
  const size_t end = source == std::string::npos ? source : text.find(' ', source);
  if (end == std::string::npos) return text;
  const size_t begin = text.rfind(' ', source) + 1;  // 0 if there is none
  size_t rest = text[begin] == '/' ? SkipSignature(text, end + 1) : text.find(' ', end + 1) + 1;
  const size_t condition = text.find(kFalse, end);
  if (condition != std::string::npos) rest = condition + kFalse.size();
  return rest == std::string::npos ? text : text.substr(0, begin) + text.substr(rest);
}

}  // namespace

const OrtApi& Api() {
  static const OrtApi* const api = OrtGetApiBase()->GetApi(ORT_API_VERSION);
  if (api == nullptr) {
    throw Error(ErrorKind::kUnavailable,
                fmt::format("ONNX Runtime {} is too old: rk-infer needs 1.{}", RuntimeVersion(),
                            ORT_API_VERSION));
  }
  return *api;
}

std::string RuntimeVersion() { return OrtGetApiBase()->GetVersionString(); }

void Check(OrtStatus* status) {
  if (status == nullptr) return;
  const OrtErrorCode code = Api().GetErrorCode(status);
  const std::string message = Api().GetErrorMessage(status);
  Api().ReleaseStatus(status);
  throw Refusal(code, ReasonIn(message), message.find(kPreamble) != std::string::npos);
}

std::string ReasonIn(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  text = WithoutPlace(WithoutPreamble(WithoutFile(text)));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

OrtAllocator* HostAllocator() {
  OrtAllocator* allocator = nullptr;
  Check(Api().GetAllocatorWithDefaultOptions(&allocator));
  return allocator;
}

std::string TakeString(char* text) {
  std::string taken = text == nullptr ? "" : text;
  OrtAllocator* const allocator = HostAllocator();
  if (text != nullptr) allocator->Free(allocator, text);
  return taken;
}

}  // namespace rk::onnx
