#include "lib/map/exec.h"

#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/map/record_map.h"

namespace rk {
namespace {

constexpr size_t kShownBytes = 80;

// A line that is no answer to anything that was asked.
struct BadAnswer {
  std::string message;
};

std::string Shown(std::string_view line) {
  return fmt::format("{}{}", line.substr(0, kShownBytes), line.size() > kShownBytes ? "..." : "");
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

Exec::Exec(StartProgram start, Log log) : start_(std::move(start)), log_(std::move(log)) {
  Start();
}

Frame Exec::Run(const Frame& frame) {
  Prepare(frame);
  if (const auto failure = Ask(frame, Open())) {
    log_(LogLevel::kWarning,
         fmt::format("the program failed; a new one gets the unanswered records one by one: {}",
                     failure->message));
    for (const size_t record : Open()) {
      auto alone = Ask(frame, {record});
      if (alone) outcomes_[record].rejection = std::move(alone);
    }
  }
  return MapRecords(frame, tombstones_, counts_, [&](size_t i, RecordView& record) {
    if (outcomes_[i].answer) record.value = *outcomes_[i].answer;
    return std::move(outcomes_[i].rejection);
  });
}

// Which records are to be asked for.
void Exec::Prepare(const Frame& frame) {
  outcomes_.assign(frame.record_count(), {});
  for (size_t i = 0; i < frame.record_count(); ++i) {
    const RecordView record = frame.record(i);
    if (record.state != RecordState::kOk) continue;
    outcomes_[i].rejection = RejectNoValue(record);
    outcomes_[i].open = !outcomes_[i].rejection;
  }
}

std::vector<size_t> Exec::Open() const {
  std::vector<size_t> open;
  for (size_t i = 0; i < outcomes_.size(); ++i) {
    if (outcomes_[i].open) open.push_back(i);
  }
  return open;
}

// Asks for these records until each has its answer, or says why not all have. After that there is
// no program.
std::optional<Rejection> Exec::Ask(const Frame& frame, const std::vector<size_t>& records) {
  for (;;) {
    try {
      Converse(frame, records);
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

void Exec::Converse(const Frame& frame, const std::vector<size_t>& records) {
  WriteLines(frame, records);
  if (asked_.empty()) return;
  if (!program_) Start();
  program_->Send(lines_);
  while (!asked_.empty()) Take(program_->Receive());
}

void Exec::WriteLines(const Frame& frame, const std::vector<size_t>& records) {
  asked_.clear();
  lines_.clear();
  for (const size_t record : records) {
    Outcome& outcome = outcomes_[record];
    if (!outcome.open) continue;
    outcome.rejection = tag_.Put(*frame.record(record).value, next_number_, lines_);
    outcome.open = !outcome.rejection;
    if (!outcome.open) continue;
    lines_ += '\n';
    asked_.emplace(next_number_++, record);
  }
}

void Exec::Take(std::string_view line) {
  uint64_t number = 0;
  if (const auto rejection = tag_.Take(line, number, value_)) {
    throw BadAnswer{fmt::format("the program wrote \"{}\": {}", Shown(line), rejection->message)};
  }
  const auto found = asked_.find(number);
  if (found == asked_.end()) return TakeRepeated(line, number);
  Outcome& outcome = outcomes_[found->second];
  outcome.answer = value_;
  outcome.open = false;
  fresh_ = false;
  asked_.erase(found);
}

// The first answer to a record has gone on, maybe long ago.
void Exec::TakeRepeated(std::string_view line, uint64_t number) {
  if (number >= next_number_) {
    throw BadAnswer{fmt::format("the program wrote \"{}\": \"_rk\" matches no input", Shown(line))};
  }
  if (std::exchange(repeated_, true)) return;
  log_(LogLevel::kWarning,
       fmt::format("the program answered a record more than once; the first answer counts: \"{}\"",
                   Shown(line)));
}

}  // namespace rk
