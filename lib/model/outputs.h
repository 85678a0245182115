#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/batch/frame.h"
#include "lib/json/extract.h"
#include "lib/json/splice.h"

namespace rk {

/// How a record's value takes the outputs.
enum class Emit {
  kMerge,    ///< they become members of the record's object, all other bytes as they were
  kReplace,  ///< the value is an object of nothing but them
};

/// Which outputs of a model go into records, and under which names. Not thread-safe.
class Outputs {
 public:
  /// `names` as the signature has them; `returned` is what the model gave on a warm-up, nothing if
  /// it gave nothing. Outputs of a dict are chosen by key, others are named in order; without names
  /// all are taken, under their keys, or as `output`, or as `output0`, `output1`, ….
  /// Throws Error(kConfiguration) if names and outputs do not fit, or neither is known.
  Outputs(const std::vector<std::string>& names,
          std::optional<std::span<const ColumnView>> returned);

  const std::vector<std::string>& names() const { return names_; }

  /// Takes the result of a call on `rows` rows for Write(); borrows it.
  /// Throws Error(kConfiguration) if it does not have these outputs with a row for each row.
  void Take(std::span<const ColumnView> returned, size_t rows);

  /// Appends to `value` what row `row` of the result makes of the record `json`. `present` are the
  /// places of the outputs that the record has already. A rejection, code non-finite-output, if
  /// there is a number that JSON cannot hold; `value` is then useless.
  std::optional<Rejection> Write(size_t row, Emit emit, std::string_view json,
                                 std::span<const PresentMember> present, std::string& value);

 private:
  const ColumnView& Find(std::span<const ColumnView> returned, size_t output) const;

  std::vector<std::string> names_;
  std::vector<std::string> quoted_;
  std::vector<const ColumnView*> taken_;  // by output
  std::vector<Member> members_;
  std::vector<size_t> ends_;  // of each output's value in text_
  std::string text_;
};

}  // namespace rk
