#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace rk {

/// What a tokenizer makes of a text, or of two.
struct Tokens {
  std::vector<uint32_t> ids;
  std::vector<uint32_t> types;  ///< as many: 0 in the first text, 1 in the second
  std::string error;            ///< why there are none; empty if there are
};

/// Cuts texts into a model's tokens. Any thread, also several at once.
class Tokenizer {
 public:
  /// How rows are filled up to the longest.
  struct Padding {
    uint32_t id = 0;
    uint32_t type = 0;
    bool left = false;  ///< before the tokens, not behind them
  };

  virtual ~Tokenizer() = default;

  virtual Padding padding() const = 0;

  /// The tokens of a text, or of a pair, in UTF-8, with the special ones; cut to a length.
  virtual Tokens Encode(std::span<const std::string> texts) const = 0;
};

/// Reads a tokenizer.json, with librk-tokens.so in one of `folders`: for texts, or for `pairs`, of
/// at most `length` tokens. Throws Error(kMissing) or Error(kIo) if the file cannot be read,
/// Error(kBadData) if it is no tokenizer, Error(kUsage) if the special tokens alone are as many as
/// `length`, Error(kUnavailable) if the module is not there, or is of another build.
std::shared_ptr<const Tokenizer> OpenTokenizer(const std::string& file, size_t length, bool pairs,
                                               const std::vector<std::filesystem::path>& folders);

}  // namespace rk
