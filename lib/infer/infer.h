#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lib/batch/batcher.h"
#include "lib/batch/frame.h"
#include "lib/batch/worker.h"
#include "lib/infer/output_columns.h"
#include "lib/infer/texts_ahead.h"
#include "lib/infer/warm_model.h"

namespace rk {

/// A model applied to frames: takes the rows out of the records of one or several, calls the model,
/// and puts its outputs into the records. A record that cannot be used is marked failed in place,
/// stage rk-infer, and every other goes on as if it had not been there. One thread, but for
/// Replace(); where the model takes tokens, a thread of its own makes them of what waits.
class Infer : public Worker {
 public:
  Infer(std::unique_ptr<WarmModel> model, const InferOptions& options);
  ~Infer() override;
  Infer(const Infer&) = delete;
  Infer& operator=(const Infer&) = delete;

  /// Throws Error(kConfiguration) if `model` takes other inputs, since records of now do not fit
  /// them, or if the outputs are tensor columns and it gives other ones. As Replace().
  void RequireFit(const WarmModel& model) const;
  /// From the next call on the model is another, also while no batch comes; waits for a call under
  /// way, and returns when the one before is gone. Other outputs are logged. Any thread, one at a
  /// time. Throws what RequireFit() does.
  void Replace(std::unique_ptr<WarmModel> model, const Log& log);

  bool full() const override { return batcher_.full(); }
  std::optional<Time> due() const override { return batcher_.due(); }
  /// The frame's records wait from `now` on.
  void Take(Frame frame, Time now) override;

  /// One call of the model. Returns the frames that are done by then, in the order in which they
  /// came: each batch under its own identity, with the model's outputs. Records that are failed or
  /// filtered already are as they were. Throws Error(kConfiguration) if the model does not give
  /// the outputs that are named, Error(kTryAgain) if there is no memory for any row.
  std::vector<Frame> Work() override;

  const InferCounts& counts() const { return counts_; }

 private:
  struct Job;
  struct Outcome;
  class Working;

  void UseReplacement();
  void TokenizeAhead();
  void Tokenize(Job& job);
  bool HasTokens(const Job& job, size_t left) const;
  void Gather();
  bool GatherFrom(Job& job, size_t& left);
  Outcome TakeRow(Job& job);
  void Call(size_t first, size_t last);
  void CallHalves(size_t first, size_t last);
  void Reject(size_t row, Rejection rejection);
  void WriteBefore(size_t row);
  void Write(Outcome& outcome);
  std::optional<Rejection> FillIn(const Outcome& outcome, RecordView& record);
  std::vector<Frame> Finished();

  InferOptions options_;
  std::unique_ptr<WarmModel> model_;
  const std::vector<std::string> takes_;
  std::vector<std::string> gives_;  // of the model that serves or is about to; Replace()'s
  Batcher batcher_;
  std::deque<Job> jobs_;  // the frames that are here
  InferCounts counts_;
  std::unique_ptr<TextsAhead> texts_;  // of jobs_, if the model takes tokens; after them

  // Of the call under way.
  std::vector<Outcome> outcomes_;
  size_t written_ = 0;   // of outcomes_
  size_t called_ = 0;    // the row that the last call began with
  std::string value_;    // scratch: a record's value with the outputs in it
  std::string headers_;  // scratch: its headers with ours

  std::mutex mutex_;  // of these, and while nobody works of model_, texts_ and jobs_
  std::condition_variable changed_;
  bool working_ = false;
  std::unique_ptr<WarmModel> replacement_;
  std::unique_ptr<WarmModel> replaced_;  // for Replace() to put away
};

}  // namespace rk
