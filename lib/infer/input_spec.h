#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/codec/field.h"

namespace rk {

class Tokenizer;

/// One argument of the model: a tensor, and where its rows come from: the fields of a record, or a
/// tensor column of the frame; or a list of strings, of one field; or lists of tokens, of one text
/// or two.
struct Input {
  /// What of the tokens an argument takes.
  enum class Part { kIds, kMask, kTypes };

  std::string spec;                          ///< as it was written
  std::string column;                        ///< of that name; empty: from the fields
  Field::Kind kind = Field::Kind::kNumbers;  ///< of text dtype, shape and row_bytes do not count
  Dtype dtype = Dtype::kF32;
  std::vector<int64_t> shape;  ///< of one row; empty for a bare number, and for a list
  size_t row_bytes = 0;        ///< of a list: of one element
  std::vector<Field> fields;   ///< `row` is left 0

  size_t tokens = 0;  ///< at most so many; 0: it is no input of tokens. The rest is of these
  Part part = Part::kIds;
  std::string argument;  ///< the model's name for it; empty if it has none
  std::shared_ptr<const Tokenizer> tokenizer = {};

  bool is_list() const { return kind == Field::Kind::kList; }
};

/// Reads an input spec: `PATH:DTYPE` for a number, `PATH:DTYPE[2,3]` for an array, and
/// `{PATH,PATH=NUMBER,…}:DTYPE` for fields packed in a vector, `=` giving what stands for a field
/// that a record does not have or that is null; there may be space around the commas. `PATH?`
/// stands for NaN where it is missing or null. `PATH:DTYPE[*]` is a list, whose rows are padded to
/// the longest, and `#PATH:DTYPE` how many elements it has. After a floating-point DTYPE, `+bool`
/// takes true and false too. `PATH:str` is a string, `@NAME:DTYPE[SHAPE]` a row of the frame's
/// tensor column of that name. `PATH:tokens[N]` and `{PATH,PATH}:tokens[N]` are the tokens of a
/// text or of two, N at most, for one to three arguments: see ExpandTokens(). Throws Error(kUsage)
/// that shows the spec and says what is wrong.
Input ParseInput(std::string_view spec);

}  // namespace rk
