#pragma once

#include <chrono>
#include <functional>

#include "lib/codec/json/extract.h"
#include "lib/codec/json/splice.h"
#include "lib/map/mapper.h"

namespace rk {

/// Adds to each record's object `processed_at`, the time in seconds since 1970, and `status`,
/// "processed". One that is there already gets the new value; every other byte stays.
class Stamp : public Mapper {
 public:
  using Clock = std::function<std::chrono::system_clock::time_point()>;

  explicit Stamp(Clock clock = std::chrono::system_clock::now);

  Frame Run(const Frame& frame) override;

 private:
  Clock clock_;
  Extractor extractor_;
  std::string value_;  // scratch: a record's new value
};

}  // namespace rk
