#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "lib/batch/frame.h"
#include "lib/codec/codec.h"
#include "lib/infer/signature.h"
#include "lib/infer/tokenizer.h"

namespace rk {

/// Tokenizes the texts of records that wait for the model, on a thread of its own, in the order in
/// which they came: while the model computes a call, those of the next. One thread uses it.
class TextsAhead {
 public:
  /// The tokens of some of a frame's records.
  class Batch {
   public:
    Batch(const Frame& frame, std::vector<size_t> records)
        : frame_(frame), records_(std::move(records)), tokens_(records_.size()) {}

    size_t size() const { return records_.size(); }
    /// Whether the first `count` are there.
    bool Has(size_t count) const { return done_.load(std::memory_order_acquire) >= count; }
    /// Until they are.
    void Await(size_t count) const;
    /// Those of record number `index` among them, which are there.
    const Tokens& at(size_t index) const { return tokens_[index]; }

   private:
    friend class TextsAhead;

    const Frame& frame_;
    const std::vector<size_t> records_;
    std::vector<Tokens> tokens_;
    std::atomic<size_t> done_{0};  // of tokens_; the frame is not needed when it is all
  };

  /// `inputs` are a model's, one of tokens. Values are in `codec`.
  TextsAhead(const std::vector<Input>& inputs, const Codec& codec);
  /// What is not done by then is left undone.
  ~TextsAhead();
  TextsAhead(const TextsAhead&) = delete;
  TextsAhead& operator=(const TextsAhead&) = delete;

  /// Those of these of the frame's records, whose values have the texts. The frame has to live
  /// until all are there, or this is gone.
  std::shared_ptr<const Batch> Add(const Frame& frame, std::vector<size_t> records);

 private:
  void Work();
  std::shared_ptr<Batch> Next();
  void Tokenize(Batch& batch);
  Tokens TokensOf(const RecordView& record);

  // The thread's.
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::vector<std::string> texts_;
  std::vector<RowTarget> rows_;
  std::unique_ptr<FieldReader> reader_;

  std::mutex mutex_;
  std::condition_variable added_;
  std::deque<std::shared_ptr<Batch>> waiting_;  // guarded by mutex_
  std::atomic<bool> stopped_{false};            // set under mutex_
  std::thread thread_;                          // last: it uses the others
};

}  // namespace rk
