#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/batch/frame.h"
#include "lib/batch/log.h"
#include "lib/model/model.h"
#include "lib/model/outputs.h"
#include "lib/model/rows.h"
#include "lib/model/signature.h"

namespace rk {

struct InferOptions {
  Emit emit = Emit::kMerge;
  size_t max_batch = 1024;  ///< most rows in one model call; fewer bound the memory of a call
};

/// What was done so far, for reports.
struct InferCounts {
  uint64_t records = 0;  ///< all that came
  uint64_t failed = 0;   ///< of these, marked failed here
  uint64_t calls = 0;    ///< of the model
};

/// A model applied to frames: takes the rows out of the records, calls the model, and puts its
/// outputs into the records. A record that cannot be used is marked failed in place, stage
/// rk-infer, and every other goes on as if it had not been there. One thread.
class Infer {
 public:
  /// Warms the model up: when it returns, no first call is slow any more, and the model is known to
  /// take such rows and to give such outputs; else it throws Error(kConfiguration). `model` is the
  /// caller's and must live longer.
  Infer(Model& model, const Signature& signature, const InferOptions& options, const Log& log);

  /// The same batch under the same identity, with the model's outputs. Records that are failed or
  /// filtered already are as they were. Throws Error(kConfiguration) if the model gives other
  /// outputs than before.
  Frame Run(const Frame& frame);

  const InferCounts& counts() const { return counts_; }

 private:
  class Pass;

  Model& model_;
  InferOptions options_;
  Outputs outputs_;
  Rows rows_;
  InferCounts counts_;
  std::string value_;  // scratch: a record's value with the outputs in it
};

}  // namespace rk
