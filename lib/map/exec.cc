#include "lib/map/exec.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/codec/json/array.h"
#include "lib/map/record_map.h"
#include "lib/map/record_tag.h"

namespace rk {
namespace {

constexpr size_t kShownBytes = 80;
// Of a program's own reason. It becomes a header, which brokers count as part of the record.
constexpr size_t kLongestReason = 8192;
// Frames are taken while those that wait have fewer bytes: with the last one, an array and its
// answer are to be well below the longest line.
constexpr size_t kMostBytes = size_t{16} << 20;

// A line that is no answer to anything that was asked.
struct BadAnswer {
  std::string message;
};

std::string Shown(std::string_view line) {
  return fmt::format("{}{}", line.substr(0, kShownBytes), line.size() > kShownBytes ? "..." : "");
}

// Not within a character.
std::string Shortened(std::string reason) {
  if (reason.size() <= kLongestReason) return reason;
  size_t end = kLongestReason;
  while ((static_cast<unsigned char>(reason[end]) & 0xc0) == 0x80) --end;
  return reason.substr(0, end) + "...";
}

// A call is a line of so many records, or all the lines of a frame.
BatcherOptions Batching(const ExecFormat& format) {
  BatcherOptions options;
  options.max_batch = std::max<size_t>(format.array, 1);
  options.max_bytes = kMostBytes;
  return options;
}

std::string_view CodeOf(LineFailure::Kind kind) {
  switch (kind) {
    case LineFailure::Kind::kSilent:
      return "exec-timeout";
    case LineFailure::Kind::kTooLong:
      return "bad-answer";
    default:
      return "exec-died";
  }
}

}  // namespace

struct Exec::Outcome {
  std::optional<std::string> answer;
  std::optional<Rejection> rejection;
  bool open = false;  // to be asked for, or being so
};

// A frame on its way through.
struct Exec::Job {
  bool done() const { return asked == records.size(); }

  Frame frame;
  std::vector<Outcome> outcomes;  // by record
  std::vector<size_t> records;    // those for the program
  size_t asked = 0;               // of these
};

Exec::Outcome& Exec::Place::outcome() const { return job->outcomes[index]; }

Exec::Exec(StartProgram start, ExecFormat format, Log log)
    : start_(std::move(start)), format_(format), log_(std::move(log)), batcher_(Batching(format)) {
  Start();
}

Exec::~Exec() = default;

void Exec::Take(Frame frame, Time now) {
  std::vector<Outcome> outcomes(frame.record_count());
  std::vector<size_t> records;
  for (size_t i = 0; i < frame.record_count(); ++i) {
    const RecordView record = frame.record(i);
    if (record.state != RecordState::kOk) continue;
    outcomes[i].rejection = RejectNoValue(record);
    outcomes[i].open = !outcomes[i].rejection;
    if (outcomes[i].open) records.push_back(i);
  }
  batcher_.Add(records.size(), frame.bytes().size(), frame.info().attempt > 0, now);
  jobs_.push_back({std::move(frame), std::move(outcomes), std::move(records)});
}

std::vector<Frame> Exec::Work() {
  RunTogether(Gather());
  std::vector<Frame> finished = Finished();
  on_work_(counts_);
  return finished;
}

// The records that may share the call, until it has its number.
std::vector<Exec::Place> Exec::Gather() {
  size_t left = batcher_.Shareable();
  if (format_.array > 0) left = std::min(left, format_.array);
  batcher_.Took(left);
  std::vector<Place> records;
  for (Job& job : jobs_) {
    for (; left > 0 && !job.done(); --left) {
      records.push_back({&job, job.records[job.asked++]});
    }
    if (left == 0) break;
  }
  return records;
}

std::vector<Frame> Exec::Finished() {
  std::vector<Frame> frames;
  while (!jobs_.empty() && jobs_.front().done()) {
    frames.push_back(Finish(jobs_.front()));
    jobs_.pop_front();
  }
  return frames;
}

Frame Exec::Finish(Job& job) {
  return MapRecords(job.frame, tombstones_, counts_, [&](size_t i, RecordView& record) {
    Outcome& outcome = job.outcomes[i];
    if (outcome.answer) record.value = *outcome.answer;
    return std::move(outcome.rejection);
  });
}

// What fails them together may be the fault of one.
void Exec::RunTogether(const std::vector<Place>& records) {
  const auto failure = Ask(records);
  if (!failure) return;
  log_(LogLevel::kWarning,
       fmt::format("the program failed; a new one gets the unanswered records one by one: {}",
                   failure->message));
  for (const Place& record : records) {
    if (!record.outcome().open) continue;
    auto alone = Ask({record});
    if (alone) record.outcome().rejection = std::move(alone);
  }
}

// Asks for these records until each has its answer, or says why not all have. After that there is
// no program.
std::optional<Rejection> Exec::Ask(const std::vector<Place>& records) {
  for (;;) {
    try {
      Converse(records);
      return std::nullopt;
    } catch (const BadAnswer& bad) {
      program_.reset();
      return Rejection{"bad-answer", bad.message};
    } catch (const LineFailure& failure) {
      program_.reset();
      if (failure.kind() != LineFailure::Kind::kNeverRead) {
        return Rejection{CodeOf(failure.kind()), failure.what()};
      }
      // It had ended before: nothing of what it was sent is to blame.
      if (fresh_) {
        throw Error(ErrorKind::kUnavailable,
                    fmt::format("the program of --exec exits at its start: {}", failure.what()));
      }
    }
  }
}

void Exec::Start() {
  program_ = start_();
  fresh_ = true;
}

void Exec::Converse(const std::vector<Place>& records) {
  WriteLines(records);
  if (asked_.empty()) return;
  if (!program_) Start();
  program_->Send(lines_);
  while (!asked_.empty()) Take(program_->Receive());
}

void Exec::WriteLines(const std::vector<Place>& records) {
  asked_.clear();
  lines_.clear();
  for (const Place& record : records) {
    if (!record.outcome().open) continue;
    const size_t before = lines_.size();
    if (format_.array > 0) lines_ += asked_.empty() ? '[' : ',';
    if (!WriteRecord(record)) {
      lines_.resize(before);
      continue;
    }
    if (format_.array == 0) lines_ += '\n';
    asked_.emplace(next_number_++, record);
  }
  if (format_.array > 0 && !asked_.empty()) lines_ += "]\n";
}

// False if it cannot go to the program, and so has failed.
bool Exec::WriteRecord(const Place& record) {
  const Frame& frame = record.job->frame;
  const RecordView view = frame.record(record.index);
  record_tag_.clear();
  AppendRecordTag(next_number_, format_.meta, frame.info(), view, record_tag_);
  Outcome& outcome = record.outcome();
  outcome.rejection = tag_.Put(*view.value, record_tag_, lines_);
  outcome.open = !outcome.rejection;
  return outcome.open;
}

void Exec::Take(std::string_view line) { format_.array > 0 ? TakeArray(line) : TakeAnswer(line); }

// One array answers one array: nothing more is waited for.
void Exec::TakeArray(std::string_view line) {
  const auto answers = SplitArray(line);
  if (!answers) {
    throw BadAnswer{fmt::format("the program wrote \"{}\": not a JSON array", Shown(line))};
  }
  const size_t asked = asked_.size();
  for (const std::string_view answer : *answers) TakeAnswer(answer);
  const bool was_repeated = !answers->empty() && asked_.size() == asked;
  if (asked_.empty() || was_repeated) return;
  throw BadAnswer{
      fmt::format("the program's array answers {} of {} records", asked - asked_.size(), asked)};
}

void Exec::TakeAnswer(std::string_view text) {
  if (const auto rejection = tag_.Take(text, answer_)) {
    throw BadAnswer{fmt::format("the program wrote \"{}\": {}", Shown(text), rejection->message)};
  }
  const auto found = asked_.find(answer_.number);
  if (found == asked_.end()) return TakeRepeated(text);
  Outcome& outcome = found->second.outcome();
  if (answer_.error) {
    outcome.rejection = Rejection{"exec-error", Shortened(*std::move(answer_.error))};
  } else {
    outcome.answer = answer_.value;
  }
  outcome.open = false;
  fresh_ = false;
  asked_.erase(found);
}

// The first answer to a record has gone on, maybe long ago.
void Exec::TakeRepeated(std::string_view text) {
  if (answer_.number >= next_number_) {
    throw BadAnswer{fmt::format("the program wrote \"{}\": \"_rk\" matches no input", Shown(text))};
  }
  if (std::exchange(repeated_, true)) return;
  log_(LogLevel::kWarning,
       fmt::format("the program answered a record more than once; the first answer counts: \"{}\"",
                   Shown(text)));
}

}  // namespace rk
