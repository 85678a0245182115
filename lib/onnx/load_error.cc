#include "lib/onnx/load_error.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace rk::onnx {
namespace {

// What ONNX Runtime says of a kind of fault, and what helps.
struct Fault {
  std::string_view words;
  std::string_view cure;
};
constexpr std::array kFaults = {
    Fault{"is under development", "export it for an older opset"},
    Fault{"IR version", "export it for an older opset and IR version"},
    Fault{"No Op registered", "export it without that operator"},
    Fault{"No opset import", "export it without operators of that domain"},
    Fault{"not a registered function", "export it without that operator"},
    Fault{"Could not find an implementation", "export it without that operator"},
    Fault{"data path does not exist",
          "put the file that it keeps its weights in there, as it was exported"},
    Fault{"xternal", "put the file that it keeps its weights in beside it, as it was exported"},
};

constexpr std::uintmax_t kProtobufMost = std::uintmax_t{1} << 31;

bool Says(std::string_view text, std::string_view words) {
  return text.find(words) != std::string_view::npos;
}

// That which has the words at `at`.
std::string_view SentenceAt(std::string_view text, size_t at) {
  constexpr std::string_view kEnd = ". ";
  const size_t before = text.rfind(kEnd, at);
  const size_t begin = before == std::string_view::npos ? 0 : before + kEnd.size();
  return text.substr(begin, text.find(kEnd, at) - begin);
}

Error Unreadable(const std::string& file) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  const bool large = !error && size >= kProtobufMost;
  return {
      ErrorKind::kBadData,
      fmt::format("{} is not {}: {}", file, large ? "a readable ONNX model" : "a whole ONNX model",
                  large ? "it is over 2 GB, the most that such a file may have; export it with its "
                          "weights as external data"
                        : "it is cut off or something else; make one with torch.onnx.export() or "
                          "onnx.save()")};
}

}  // namespace

bool IsMemory(const Refusal& refusal) {
  constexpr std::array<std::string_view, 4> kWords = {"Failed to allocate memory", "bad_alloc",
                                                      "bad allocation", "out of memory"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view words) { return Says(refusal.what(), words); });
}

Error LoadErrorOf(const std::string& file, const Refusal& refusal) {
  std::string_view reason = refusal.what();
  if (IsMemory(refusal)) {
    return {ErrorKind::kTryAgain, fmt::format("out of memory for {}: {}", file, reason)};
  }
  if (refusal.code() == ORT_INVALID_PROTOBUF || Says(reason, "No graph was found")) {
    return Unreadable(file);
  }
  const auto fault = std::find_if(kFaults.begin(), kFaults.end(),
                                  [reason](const Fault& one) { return Says(reason, one.words); });
  const bool missing = Says(reason, "data path does not exist");
  if (fault != kFaults.end()) reason = SentenceAt(reason, reason.find(fault->words));
  return {missing ? ErrorKind::kMissing : ErrorKind::kBadData,
          fmt::format("{} is not an ONNX model that ONNX Runtime {} can load: {}; {}", file,
                      RuntimeVersion(), reason,
                      fault == kFaults.end() ? "check it with onnx.checker" : fault->cure)};
}

}  // namespace rk::onnx
