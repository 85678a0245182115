#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/log.h"
#include "lib/batch/batcher.h"
#include "lib/batch/tombstones.h"
#include "lib/infer/backend.h"
#include "lib/infer/outputs.h"
#include "lib/infer/rows.h"
#include "lib/infer/signature.h"

namespace rk {

/// What was done so far, for reports.
struct InferCounts {
  uint64_t records = 0;   ///< all that came
  uint64_t failed = 0;    ///< of these, marked failed here
  uint64_t filtered = 0;  ///< of these, marked filtered here
  uint64_t calls = 0;     ///< of the model
};

struct InferOptions {
  Emit emit = Emit::kMerge;
  const Codec* codec = &JsonCodec();  ///< of the values
  Tombstones tombstones = Tombstones::kPass;
  std::vector<std::string> dropped;  ///< paths of fields that merged values leave out
  BatcherOptions batching;
  /// Rising sizes to which calls are padded; empty: a call has just its rows.
  std::vector<size_t> buckets;
  /// A value that the model takes, for the warm-up; empty: rows are made up.
  std::string sample;
  /// Told of each call of the model how long it took. May be empty.
  std::function<void(std::chrono::nanoseconds took)> on_call;
  /// Told after each step of Infer. May be empty.
  std::function<void(const InferCounts& counts)> on_work;

  /// Sets the buckets, in any order; no call has more rows than the largest.
  void UseBuckets(std::vector<size_t> sizes);
};

/// A model that is loaded and warm, with what goes in and comes out of it: all that a reload
/// replaces at once. One thread.
class WarmModel {
 public:
  /// Warms the model up with the sample, or with rows that are made up: zeros, and if it fails on
  /// these, others. When it returns, no first call is slow any more, and the model is known to take
  /// such rows and to give such outputs; or it failed on each in another way or with its own words,
  /// so that a record's values may be better ones, which is logged. Else it throws
  /// Error(kConfiguration). `id` is what the header rk-model says.
  WarmModel(std::unique_ptr<Model> model, Signature signature, const InferOptions& options,
            std::string id, const Log& log);

  const std::string& id() const { return id_; }
  const Signature& signature() const { return signature_; }
  /// The outputs with their types, e.g. `scores: f32 [B,10]`; empty where the warm-up gave none.
  const std::vector<std::string>& gives() const { return gives_; }

  /// What made-up rows should hold: what the warm-up went well with.
  Rows::Filling filling() const { return filling_; }

  /// False if there is too little memory even for the row of the warm-up. What outputs() had is
  /// gone.
  bool HasMemory();

  Rows& rows() { return rows_; }
  Outputs& outputs() { return outputs_; }

  /// Calls the model on the rows [first, last), padded to a bucket: outputs() have row i of the
  /// result for row first + i. Throws what Model::Run() and Outputs::Take() throw.
  void Call(size_t first, size_t last);

 private:
  Outputs WarmUp(const InferOptions& options, const Log& log);
  std::optional<Outputs> WarmUpOn(Rows& rows, const InferOptions& options,
                                  const std::vector<size_t>& sizes);
  void MakeRows(Rows& rows, const InferOptions& options, size_t count, Rows::Filling filling);
  [[noreturn]] void RefuseInputs(const InferOptions& options, size_t most,
                                 const std::string& reason);
  size_t Padded(size_t rows) const;

  std::unique_ptr<Model> model_;
  Signature signature_;
  std::string id_;
  std::vector<size_t> buckets_;
  std::vector<std::string> gives_;
  Rows::Filling filling_ = Rows::Filling::kZeros;
  std::optional<Rows> warm_row_;  // that of the warm-up; nothing if all failed
  Outputs outputs_;
  Rows rows_;
};

}  // namespace rk
