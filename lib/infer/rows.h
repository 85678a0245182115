#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/batch/frame.h"
#include "lib/codec/codec.h"
#include "lib/infer/aligned.h"
#include "lib/infer/backend.h"
#include "lib/infer/signature.h"
#include "lib/infer/tokenizer.h"

namespace rk {

/// Rows of records on their way into a model: for each input one dense tensor in host memory, or
/// one list of strings, or rows of any length, that grow to the most rows they ever held and are
/// used again. Not thread-safe.
class Rows {
 public:
  /// How many elements made-up lists have.
  static constexpr size_t kMadeUpLength = 16;

  /// `watched`, `dropped`: as for Codec::NewReader(). Where there are none and no input is of a
  /// field, values are not looked at.
  Rows(const std::vector<Input>& inputs, const std::vector<std::string>& watched,
       const Codec& codec = JsonCodec(), const std::vector<std::string>& dropped = {});

  size_t count() const { return count_; }
  void Clear() { count_ = 0; }

  /// The frame that the next rows are of: it lives until another is opened.
  /// Throws Error(kConfiguration) if it does not have the columns that are wanted, so.
  void Open(const Frame& frame);
  /// Adds a row with what the open frame's record number `index`, whose value lies in the frame,
  /// has. `tokens` are those of its texts, if they are known: else they are found out here. No row
  /// after a rejection.
  std::optional<Rejection> Add(size_t index, const std::optional<std::string_view>& value,
                               const Tokens* tokens = nullptr);
  /// Which watched members the record of the row last added has.
  std::span<const PresentMember> present() const;

  /// What made-up rows hold: zeros and empty strings; ones and "text"; unlike numbers and "text".
  enum class Filling { kZeros, kOnes, kUnlike };
  /// Adds `count` such rows: for a warm-up.
  void AddMadeUp(size_t count, Filling filling = Filling::kZeros);

  /// Whether the lists of the rows [first, last) are so different or so long that padded to the
  /// longest they take over 64 MiB.
  bool TooLong(size_t first, size_t last) const;

  /// The rows [first, last) of each input, and the last of them again until there are `padded`;
  /// lists with zeros behind them, tokens with their tokenizer's padding, one element at least.
  /// Valid until the next call of anything.
  std::span<const ModelValue> Inputs(size_t first, size_t last, size_t padded);

 private:
  struct Store {
    AlignedBytes numbers;
    std::vector<std::string> texts;  // or the bytes of lists
    AlignedBytes padded;             // of numbers, or of lists
    std::string_view column;         // the open frame's
    std::string pad;                 // of a list: the element that it is filled up with
    bool pads_left = false;
  };

  void Reserve(size_t count);
  bool InTexts(size_t input) const;
  std::optional<Rejection> AddTokens(const Tokens& tokens);
  bool PutTokens(size_t input, const Tokens& tokens);
  void FillRow(size_t input, Filling filling);
  void FillTokens(size_t input, Filling filling);
  static void FillNumbers(Dtype dtype, std::span<char> row, Filling filling);
  void PrepareView(size_t input);
  std::string_view FindColumn(const Frame& frame, const Input& input) const;
  void ViewList(size_t input, size_t first, size_t last, size_t padded);
  static std::string_view Pad(Store& store, std::string_view rows, size_t row_bytes, size_t padded);

  std::vector<Input> inputs_;
  std::unique_ptr<FieldReader> reader_;
  bool reads_values_;
  std::vector<Store> stores_;       // by input
  std::vector<RowTarget> row_;      // by input: where the next row goes; then texts_
  std::vector<std::string> texts_;  // that tokens are of
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::vector<ModelValue> views_;
  size_t count_ = 0;
  size_t capacity_ = 0;
};

}  // namespace rk
