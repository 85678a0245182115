#include "lib/infer/infer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/error.h"
#include "lib/batch/record_encoding.h"
#include "lib/infer/token_inputs.h"

namespace rk {
namespace {

constexpr std::string_view kStage = "rk-infer";
constexpr std::string_view kModelHeader = "rk-model";
constexpr size_t kRoom = 128;  // what a record's outputs and header take, as a hint

bool IsForModel(const RecordView& record, Tombstones tombstones) {
  if (IsTombstone(record)) return tombstones == Tombstones::kFail;
  return record.state == RecordState::kOk;
}

std::vector<size_t> RecordsForModel(const Frame& frame, Tombstones tombstones) {
  std::vector<size_t> records;
  for (size_t i = 0; i < frame.record_count(); ++i) {
    if (IsForModel(frame.record(i), tombstones)) records.push_back(i);
  }
  return records;
}

std::vector<std::string> SpecsOf(const WarmModel& model) {
  std::vector<std::string> specs;
  for (const Input& input : model.signature().inputs) specs.push_back(input.spec);
  // A text is several arguments.
  specs.erase(std::unique(specs.begin(), specs.end()), specs.end());
  return specs;
}

}  // namespace

// A frame on its way through. Its records are gathered into calls and then written to the new frame
// in order.
struct Infer::Job {
  Job(Frame taken, std::vector<size_t> for_model)
      : frame(std::move(taken)),
        rows(std::move(for_model)),
        builder(frame.info(), frame.record_count(),
                frame.bytes().size() + kRoom * frame.record_count()),
        columns(frame.record_count()) {}

  bool done() const { return written == frame.record_count(); }

  Frame frame;
  std::vector<size_t> rows;  // the records for the model. Without, it may lack a column, too
  std::shared_ptr<const TextsAhead::Batch> texts;  // of these; nothing if there are none
  FrameBuilder builder;
  OutputColumns columns;
  size_t gathered = 0;       // records
  size_t gathered_rows = 0;  // of these, for the model
  size_t written = 0;
};

// What becomes of a record: a row of the call, or rejected, or passed by if it is neither.
struct Infer::Outcome {
  Job* job;
  size_t index;  // of the record in its frame
  std::optional<size_t> row;
  std::optional<Rejection> rejection;
  std::vector<PresentMember> present;
};

Infer::Infer(std::unique_ptr<WarmModel> model, const InferOptions& options)
    : options_(options),
      model_(std::move(model)),
      takes_(SpecsOf(*model_)),
      gives_(model_->gives()),
      batcher_(options.batching) {
  TokenizeAhead();
}

Infer::~Infer() = default;

void Infer::RequireFit(const WarmModel& model) const {
  if (const auto takes = SpecsOf(model); takes != takes_) {
    throw Error(ErrorKind::kConfiguration,
                fmt::format("the model now takes {}, not {} as before: restart to serve it",
                            fmt::join(takes, "; "), fmt::join(takes_, "; ")));
  }
  if (options_.emit == Emit::kTensor && model.gives() != gives_) {
    throw Error(
        ErrorKind::kConfiguration,
        fmt::format(
            "the next stage reads tensor columns {}, and the model now gives {}: restart both",
            fmt::join(gives_, "; "), fmt::join(model.gives(), "; ")));
  }
}

void Infer::Replace(std::unique_ptr<WarmModel> model, const Log& log) {
  RequireFit(*model);
  // A model that was not warmed up does not say what it gives.
  if (!model->gives().empty() && !gives_.empty() && model->gives() != gives_) {
    log(LogLevel::kWarning, fmt::format("the model now gives {}, not {} as before",
                                        fmt::join(model->gives(), "; "), fmt::join(gives_, "; ")));
  }
  if (!model->gives().empty()) gives_ = model->gives();
  std::unique_ptr<WarmModel> old;  // goes when nobody waits for the lock
  std::unique_lock lock(mutex_);
  replacement_ = std::move(model);
  changed_.wait(lock, [this] { return !working_ || !replacement_; });
  UseReplacement();
  old = std::move(replaced_);
}

// With the lock held, between two calls.
void Infer::UseReplacement() {
  if (!replacement_) return;
  replaced_ = std::exchange(model_, std::move(replacement_));
  TokenizeAhead();
}

// While one lives the model is in use. Whoever brings another one waits until it is or until it has
// been taken.
class Infer::Working {
 public:
  explicit Working(Infer& infer) : infer_(infer) {
    const std::lock_guard lock(infer_.mutex_);
    infer_.UseReplacement();
    Set(true);
  }
  ~Working() {
    const std::lock_guard lock(infer_.mutex_);
    Set(false);
  }
  Working(const Working&) = delete;
  Working& operator=(const Working&) = delete;

 private:
  void Set(bool working) {
    infer_.working_ = working;
    infer_.changed_.notify_one();
  }

  Infer& infer_;
};

// With the model's tokenizer, if it has one, what waits and what comes.
void Infer::TokenizeAhead() {
  texts_.reset();
  if (FindTokens(model_->signature().inputs) != nullptr) {
    texts_ = std::make_unique<TextsAhead>(model_->signature().inputs, *options_.codec);
  }
  for (Job& job : jobs_) Tokenize(job);
}

void Infer::Tokenize(Job& job) {
  job.texts = texts_ && !job.rows.empty() ? texts_->Add(job.frame, job.rows) : nullptr;
}

void Infer::Take(Frame frame, Time now) {
  std::vector<size_t> rows = RecordsForModel(frame, options_.tombstones);
  const std::lock_guard lock(mutex_);
  batcher_.Add(rows.size(), frame.bytes().size(), frame.info().attempt > 0, now);
  Tokenize(jobs_.emplace_back(std::move(frame), std::move(rows)));
}

std::vector<Frame> Infer::Work() {
  const Working working(*this);
  Gather();
  const size_t rows = model_->rows().count();
  Call(0, rows);
  WriteBefore(rows);
  if (options_.on_work) options_.on_work(counts_);
  return Finished();
}

// The records that may share the call, until it has its rows.
void Infer::Gather() {
  model_->rows().Clear();
  outcomes_.clear();
  written_ = 0;
  const size_t shareable = batcher_.Shareable();
  size_t left = shareable;
  for (Job& job : jobs_) {
    if (!GatherFrom(job, left)) break;
  }
  batcher_.Took(shareable - left);
}

// False if the call has what it may have.
bool Infer::GatherFrom(Job& job, size_t& left) {
  if (!job.rows.empty()) model_->rows().Open(job.frame);
  for (; job.gathered < job.frame.record_count(); ++job.gathered) {
    if (IsForModel(job.frame.record(job.gathered), options_.tombstones)) {
      if (left == 0 || model_->rows().count() == options_.batching.max_batch) return false;
      if (job.texts && !HasTokens(job, left)) return false;
      --left;
    }
    outcomes_.push_back(TakeRow(job));
  }
  return true;
}

// Whether the next row of the job has its tokens. The first rows of a call are waited for, those of
// one batch; what else shares it has its tokens by then.
bool Infer::HasTokens(const Job& job, size_t left) const {
  if (job.texts->Has(job.gathered_rows + 1)) return true;
  if (!outcomes_.empty() && outcomes_.front().job != &job) return false;
  const size_t most = std::min(left, options_.batching.max_batch);
  job.texts->Await(std::min(job.texts->size(), job.gathered_rows + most));
  return true;
}

Infer::Outcome Infer::TakeRow(Job& job) {
  Outcome outcome{&job, job.gathered, {}, {}, {}};
  const RecordView record = job.frame.record(job.gathered);
  if (!IsForModel(record, options_.tombstones)) return outcome;
  const size_t number = job.gathered_rows++;
  outcome.rejection =
      model_->rows().Add(job.gathered, record.value, job.texts ? &job.texts->at(number) : nullptr);
  if (outcome.rejection) return outcome;
  outcome.row = model_->rows().count() - 1;
  const auto present = model_->rows().present();
  outcome.present.assign(present.begin(), present.end());
  return outcome;
}

// Calls the model on the rows [first, last) and writes their records. If it throws, on each half,
// down to the rows that it throws on: only these fail. If there is too little memory even for one,
// that is the fault of the record only while there is enough for another.
void Infer::Call(size_t first, size_t last) {
  if (first == last) return;
  if (last - first > 1 && model_->rows().TooLong(first, last)) return CallHalves(first, last);
  const auto start = std::chrono::steady_clock::now();
  try {
    ++counts_.calls;
    model_->Call(first, last);
  } catch (const ModelFailure& failure) {
    if (last - first > 1) return CallHalves(first, last);
    if (failure.kind() == ModelFailure::Kind::kMemory && !model_->HasMemory()) {
      throw Error(ErrorKind::kTryAgain,
                  fmt::format("out of memory for one row: {}", failure.what()));
    }
    return Reject(first, {"model-error", failure.what()});
  }
  if (options_.on_call) options_.on_call(std::chrono::steady_clock::now() - start);
  called_ = first;
  WriteBefore(last);
}

void Infer::CallHalves(size_t first, size_t last) {
  const size_t middle = first + (last - first) / 2;
  Call(first, middle);
  Call(middle, last);
}

void Infer::Reject(size_t row, Rejection rejection) {
  WriteBefore(row);
  outcomes_[written_].rejection = std::move(rejection);
}

// Writes what is not written yet of the records before that of `row`.
void Infer::WriteBefore(size_t row) {
  while (written_ < outcomes_.size()) {
    Outcome& outcome = outcomes_[written_];
    if (outcome.row && *outcome.row >= row) return;
    Write(outcome);
    ++written_;
  }
}

void Infer::Write(Outcome& outcome) {
  ++counts_.records;
  RecordView record = outcome.job->frame.record(outcome.index);
  if (options_.tombstones == Tombstones::kDrop && IsTombstone(record)) {
    ++counts_.filtered;
    record.state = RecordState::kFiltered;
  }
  if (outcome.row && !outcome.rejection) outcome.rejection = FillIn(outcome, record);
  if (outcome.rejection) {
    ++counts_.failed;
    record.state = RecordState::kFailed;
    record.failure = {kStage, outcome.rejection->code, outcome.rejection->message};
  }
  outcome.job->builder.Add(record);
  ++outcome.job->written;
}

std::optional<Rejection> Infer::FillIn(const Outcome& outcome, RecordView& record) {
  const size_t row = *outcome.row - called_;
  if (options_.emit == Emit::kTensor) {
    outcome.job->columns.Put(model_->outputs(), row, outcome.index);
  } else {
    value_.clear();
    auto rejection =
        model_->outputs().Write(row, record.value.value_or(""), outcome.present, value_);
    if (rejection) return rejection;
    record.value = value_;
  }
  headers_ = record.headers;
  AppendHeader(headers_, {kModelHeader, model_->id()});
  record.headers = headers_;
  return std::nullopt;
}

std::vector<Frame> Infer::Finished() {
  std::vector<Frame> frames;
  while (!jobs_.empty() && jobs_.front().done()) {
    Job& job = jobs_.front();
    job.columns.AddTo(job.builder, job.frame.columns());
    frames.push_back(job.builder.Finish());
    jobs_.pop_front();
  }
  return frames;
}

}  // namespace rk
