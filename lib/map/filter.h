#pragma once

#include "lib/codec/json/condition.h"
#include "lib/map/mapper.h"

namespace rk {

/// Marks filtered each record that does not satisfy a condition: the writer counts it as done.
class Filter : public Mapper {
 public:
  /// Throws what Condition throws.
  explicit Filter(std::string_view expression) : condition_(expression) {}

  Frame Run(const Frame& frame) override;

 private:
  Condition condition_;
};

}  // namespace rk
