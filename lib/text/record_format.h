#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/batch/frame.h"

namespace rk {

/// How a record is written as text, for people and scripts. Immutable once parsed.
class RecordFormat {
 public:
  /// `json`: one line a record, the envelope of `kcat -J` (rk-read(1) has its fields). Anything
  /// else is kcat's -f, byte for byte: %s %S %R value, its length, its length as 4 big-endian
  /// bytes; %k %K key and its length; %h headers; %t %p %o %T topic, partition, offset, timestamp;
  /// %% a per cent sign; \n \t \r \xHH \NNN. The length of a null is -1.
  /// Throws Error(kUsage) naming what is no token.
  explicit RecordFormat(std::string_view text);

  void Append(const BatchInfo& batch, const RecordView& record, std::string& out) const;

 private:
  struct Part {
    char token = 0;  ///< 0: just the text
    std::string text;
  };

  bool json_ = false;
  std::vector<Part> parts_;
};

}  // namespace rk
