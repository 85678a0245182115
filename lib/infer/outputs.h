#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/codec/codec.h"
#include "lib/infer/backend.h"
#include "lib/infer/signature.h"

namespace rk {

/// What becomes of the outputs.
enum class Emit {
  kMerge,    ///< they become members of the record's object, all other bytes as they were
  kReplace,  ///< the value is an object of nothing but them
  kTensor,   ///< they become tensor columns of the frame, and the value stays
};

/// Which outputs of a model are taken, under which names, and how they are written as JSON. Not
/// thread-safe.
class Outputs {
 public:
  /// `signature` names and labels them; `returned` is what the model gave on a warm-up, nothing if
  /// it gave nothing. Outputs of a dict are chosen by key, others are named in order; without names
  /// all are taken, under their keys, or as `output`, or as `output0`, `output1`, ….
  /// Throws Error(kConfiguration) if these and the outputs do not fit, or neither is known.
  Outputs(const Signature& signature, Emit emit,
          std::optional<std::span<const ModelValue>> returned, const Codec& codec = JsonCodec());

  const std::vector<std::string>& names() const { return names_; }

  /// Takes the result of a call on `rows` rows for Write(); borrows it.
  /// Throws Error(kConfiguration) if it does not have these outputs, ModelFailure if another result
  /// had them, or if it does not have a row for each row.
  void Take(std::span<const ModelValue> returned, size_t rows);
  /// What was taken: output number `output` of names().
  const ModelValue& taken(size_t output) const { return *taken_[output]; }

  /// What goes into a record of row `row` of a tensor; borrowed.
  struct Row {
    Dtype dtype;
    std::span<const int64_t> shape;
    std::string_view data;
  };
  Row RowOf(size_t output, size_t row) const;

  /// Appends to `value` what row `row` of the result makes of the record `record`, merged into it
  /// or in its place. `present` are the places of the outputs that the record has already. A
  /// rejection, code non-finite-output, if there is a number that JSON cannot hold; `value` is then
  /// useless.
  std::optional<Rejection> Write(size_t row, std::string_view record,
                                 std::span<const PresentMember> present, std::string& value);

 private:
  const ModelValue& Find(std::span<const ModelValue> returned, size_t output) const;
  [[noreturn]] void Refuse(const std::string& why) const;
  void Check(size_t output, size_t rows) const;
  void CheckColumn(size_t output) const;
  void CheckPick(size_t output) const;
  void Fill(size_t output, size_t row);

  std::vector<Output> outputs_;
  size_t label_count_;
  Emit emit_;
  bool fitted_ = false;  // a result had these outputs
  std::vector<std::string> names_;
  std::vector<const ModelValue*> taken_;     // by output
  std::vector<Result> results_;              // scratch, by output
  std::vector<std::vector<size_t>> places_;  // what results_ borrow
  std::unique_ptr<ResultWriter> writer_;
};

}  // namespace rk
