#include "lib/infer/tokenizer.h"

#include <dlfcn.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/infer/module.h"
#include "lib/infer/tokens_abi.h"

namespace rk {
namespace {

constexpr uint32_t kAbi = 1;
constexpr size_t kMostTexts = 2;

// The functions of the module.
struct Functions {
  decltype(&rk_tokens_open) open;
  decltype(&rk_tokens_encode) encode;
  decltype(&rk_tokens_close) close;
};

Functions Open(const std::vector<std::filesystem::path>& folders) {
  const Module module = OpenModule("tokens", "inputs of tokens need", folders);
  const auto* abi = static_cast<const uint32_t*>(dlsym(module.handle, "rk_tokens_abi"));
  if (abi == nullptr || *abi != kAbi) {
    throw Error(ErrorKind::kUnavailable,
                fmt::format("{} is of another build than rk-infer: install rk and rk-tokens of one "
                            "version",
                            module.file));
  }
  const auto find = [&module](const char* name) { return dlsym(module.handle, name); };
  return {reinterpret_cast<decltype(&rk_tokens_open)>(find("rk_tokens_open")),
          reinterpret_cast<decltype(&rk_tokens_encode)>(find("rk_tokens_encode")),
          reinterpret_cast<decltype(&rk_tokens_close)>(find("rk_tokens_close"))};
}

void CheckReadable(const std::string& file) {
  const std::ifstream stream(file);
  if (stream) return;
  throw Error(errno == ENOENT || errno == ENOTDIR ? ErrorKind::kMissing : ErrorKind::kIo,
              fmt::format("tokenizer {}: {}", file, std::strerror(errno)));
}

class HuggingFace : public Tokenizer {
 public:
  HuggingFace(const std::string& file, size_t length, bool pairs,
              const std::vector<std::filesystem::path>& folders)
      : functions_(Open(folders)), length_(length) {
    tokens_ = functions_.open(file.c_str(), length, pairs, &about_, &message_);
    if (tokens_ == nullptr) {
      throw Error(ErrorKind::kBadData, fmt::format("{} is no tokenizer.json that Hugging Face's "
                                                   "tokenizers 0.23 can read: {}",
                                                   file, text_.data()));
    }
    if (length <= about_.special) {
      functions_.close(tokens_);
      throw Error(ErrorKind::kUsage,
                  fmt::format("tokens[{}]: {} adds {} tokens of its own to every text: give more "
                              "than these",
                              length, file, about_.special));
    }
  }
  ~HuggingFace() override { functions_.close(tokens_); }
  HuggingFace(const HuggingFace&) = delete;
  HuggingFace& operator=(const HuggingFace&) = delete;

  Padding padding() const override { return {about_.pad_id, about_.pad_type_id, about_.pads_left}; }

  Tokens Encode(std::span<const std::string> texts) const override {
    std::array<rk_tokens_text, kMostTexts> views{};
    for (size_t i = 0; i < texts.size(); ++i) views[i] = {texts[i].data(), texts[i].size()};
    std::array<char, kMessage> text;
    rk_tokens_message message = {text.data(), text.size()};
    thread_local std::vector<uint32_t> room;
    room.resize(2 * length_);
    const auto ids = room.begin();
    const auto types = ids + static_cast<ptrdiff_t>(length_);
    const ptrdiff_t count =
        functions_.encode(tokens_, views.data(), texts.size(), &*ids, &*types, &message);
    if (count < 0) return {{}, {}, text.data()};
    return {{ids, ids + count}, {types, types + count}, ""};
  }

 private:
  static constexpr size_t kMessage = 512;

  Functions functions_;
  size_t length_;
  std::array<char, kMessage> text_{};
  rk_tokens_message message_ = {text_.data(), text_.size()};
  rk_tokens_about about_ = {};
  rk_tokens* tokens_ = nullptr;
};

}  // namespace

std::shared_ptr<const Tokenizer> OpenTokenizer(const std::string& file, size_t length, bool pairs,
                                               const std::vector<std::filesystem::path>& folders) {
  CheckReadable(file);
  return std::make_shared<HuggingFace>(file, length, pairs, folders);
}

}  // namespace rk
