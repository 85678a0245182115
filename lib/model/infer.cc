#include "lib/model/infer.h"

#include <algorithm>

#include <fmt/format.h>

#include "lib/batch/error.h"

namespace rk {
namespace {

constexpr std::string_view kStage = "rk-infer";

// How many rows a frame of rk-read's holds by default: 500 records, or 1 MiB of JSON, in which a
// number takes two bytes at least.
size_t TypicalRows(const std::vector<Input>& inputs) {
  size_t json_bytes = 1;
  for (const Input& input : inputs) json_bytes += 2 * input.row_bytes / SizeOf(input.dtype);
  return std::clamp<size_t>((size_t{1} << 20) / json_bytes, 1, 500);
}

// One and two rows, since libraries take another path for a vector than for a matrix, and a typical
// batch; each twice, since what the first call frees is there for the second.
Outputs WarmUp(Model& model, const Signature& signature, size_t max_batch, const Log& log) {
  Rows rows(signature.inputs, {});
  rows.AddZeros(std::min(max_batch, TypicalRows(signature.inputs)));
  std::optional<Outputs> outputs;
  try {
    for (const size_t count : {size_t{1}, size_t{2}, rows.count()}) {
      for (int i = 0; i < 2 && count <= rows.count(); ++i) {
        const auto returned = model.Run(rows.Inputs(0, count));
        if (!outputs) outputs.emplace(signature.outputs, returned);
        outputs->Take(returned, count);
      }
    }
  } catch (const ModelFailure& failure) {
    if (!failure.raised()) {
      throw Error(ErrorKind::kConfiguration,
                  fmt::format("the model does not take such inputs: {}; compare --input with what "
                              "it expects",
                              failure.what()));
    }
    log(LogLevel::kWarning,
        fmt::format("not warmed up, the model refuses rows of zeros: {}", failure.what()));
  }
  return outputs ? std::move(*outputs) : Outputs(signature.outputs, std::nullopt);
}

}  // namespace

// One frame on its way through: as many of its records as make up a call are gathered into rows,
// the model is called, and the records are written to the new frame in order; then the next.
class Infer::Pass {
 public:
  Pass(Infer& infer, const Frame& frame)
      : infer_(infer),
        frame_(frame),
        builder_(frame.info(), frame.record_count(),
                 frame.bytes().size() + kRoom * frame.record_count()) {}

  Frame Run() {
    while (first_ + written_ < frame_.record_count()) {
      Gather();
      Call(0, infer_.rows_.count());
      WriteBefore(infer_.rows_.count());
    }
    for (const ColumnView& column : frame_.columns()) builder_.AddColumn(column);
    return builder_.Finish();
  }

 private:
  static constexpr size_t kRoom = 64;  // what a record's outputs take, as a hint

  // What becomes of a record: a row of the call, or rejected, or passed by if it is neither.
  struct Outcome {
    std::optional<size_t> row;
    std::optional<Rejection> rejection;
    std::vector<PresentMember> present;
  };

  void Gather() {
    infer_.rows_.Clear();
    outcomes_.clear();
    first_ += std::exchange(written_, 0);
    for (size_t i = first_; i < frame_.record_count(); ++i) {
      if (infer_.rows_.count() == infer_.options_.max_batch) return;
      outcomes_.push_back(TakeRow(frame_.record(i)));
    }
  }

  Outcome TakeRow(const RecordView& record) {
    Outcome outcome;
    if (record.state != RecordState::kOk) return outcome;
    if (!record.value) {
      outcome.rejection = {"null-value", "the value is null (a tombstone): expected a JSON object"};
    } else if (record.value->empty()) {
      outcome.rejection = {"empty-value", "the value is empty: expected a JSON object"};
    } else {
      outcome.rejection = infer_.rows_.Add(*record.value);
    }
    if (outcome.rejection) return outcome;
    outcome.row = infer_.rows_.count() - 1;
    const auto present = infer_.rows_.present();
    outcome.present.assign(present.begin(), present.end());
    return outcome;
  }

  // Calls the model on the rows [first, last) and writes their records. If it throws, on each half,
  // down to the rows that it throws on: only these fail.
  void Call(size_t first, size_t last) {
    if (first == last) return;
    try {
      ++infer_.counts_.calls;
      infer_.outputs_.Take(infer_.model_.Run(infer_.rows_.Inputs(first, last)), last - first);
    } catch (const ModelFailure& failure) {
      if (last - first == 1) return Reject(first, {"model-error", failure.what()});
      const size_t middle = first + (last - first) / 2;
      Call(first, middle);
      Call(middle, last);
      return;
    }
    called_ = first;
    WriteBefore(last);
  }

  void Reject(size_t row, Rejection rejection) {
    WriteBefore(row);
    outcomes_[written_].rejection = std::move(rejection);
  }

  // Writes what is not written yet of the records before that of `row`.
  void WriteBefore(size_t row) {
    while (written_ < outcomes_.size()) {
      Outcome& outcome = outcomes_[written_];
      if (outcome.row && *outcome.row >= row) return;
      Write(frame_.record(first_ + written_++), outcome);
    }
  }

  void Write(RecordView record, Outcome& outcome) {
    ++infer_.counts_.records;
    if (outcome.row && !outcome.rejection) outcome.rejection = FillIn(outcome, record);
    if (outcome.rejection) {
      ++infer_.counts_.failed;
      record.state = RecordState::kFailed;
      record.failure = {kStage, outcome.rejection->code, outcome.rejection->message};
    }
    builder_.Add(record);
  }

  std::optional<Rejection> FillIn(const Outcome& outcome, RecordView& record) {
    std::string& value = infer_.value_;
    value.clear();
    std::optional<Rejection> rejection = infer_.outputs_.Write(
        *outcome.row - called_, infer_.options_.emit, *record.value, outcome.present, value);
    if (!rejection) record.value = value;
    return rejection;
  }

  Infer& infer_;
  const Frame& frame_;
  FrameBuilder builder_;
  std::vector<Outcome> outcomes_;  // of the records from first_ on
  size_t first_ = 0;
  size_t written_ = 0;  // of outcomes_
  size_t called_ = 0;   // the row that the last call began with
};

Infer::Infer(Model& model, const Signature& signature, const InferOptions& options, const Log& log)
    : model_(model),
      options_(options),
      outputs_(WarmUp(model, signature, options.max_batch, log)),
      rows_(signature.inputs,
            options.emit == Emit::kMerge ? outputs_.names() : std::vector<std::string>()) {}

Frame Infer::Run(const Frame& frame) { return Pass(*this, frame).Run(); }

}  // namespace rk
