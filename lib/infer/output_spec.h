#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rk {

/// One output of the model, and what of it goes into a record.
struct Output {
  enum class Pick {
    kAll,     ///< the row as it is
    kArgmax,  ///< the place of its largest number, or the label of that place
    kTopK,    ///< the `k` largest, with their places or labels
  };

  std::string name;
  Pick pick = Pick::kAll;
  size_t k = 0;
  /// What of the row is taken, an index for each of its first dimensions; below 0 from the end.
  std::vector<int64_t> column = {};
};

/// Reads an output spec: NAME, or NAME[:,I,…] for a column, then maybe :argmax or :topk=K. Throws
/// Error(kUsage) that shows it.
Output ParseOutput(std::string_view spec);

}  // namespace rk
