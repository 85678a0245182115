#pragma once

#include <string>
#include <vector>

#include "lib/codec/json/drop.h"
#include "lib/map/mapper.h"

namespace rk {

/// Takes fields out of each record's object. Codes: those of FieldDropper, null-value, empty-value.
class Drop : public Mapper {
 public:
  /// Throws what FieldDropper throws.
  explicit Drop(const std::vector<std::string>& paths) : dropper_(paths) {}

  Frame Run(const Frame& frame) override;

 private:
  FieldDropper dropper_;
  std::string value_;  // scratch: a record's new value
};

}  // namespace rk
