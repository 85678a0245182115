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

Exec::Exec(StartProgram start, ExecFormat format, Log log)
    : start_(std::move(start)), format_(format), log_(std::move(log)) {
  Start();
}

Frame Exec::Run(const Frame& frame) {
  Prepare(frame);
  const std::vector<size_t> open = Open();
  const size_t together = format_.array == 0 ? open.size() : format_.array;
  for (size_t begin = 0; begin < open.size(); begin += together) {
    const size_t end = std::min(begin + together, open.size());
    RunTogether(frame, {open.data() + begin, open.data() + end});
  }
  return MapRecords(frame, tombstones_, counts_, [&](size_t i, RecordView& record) {
    if (outcomes_[i].answer) record.value = *outcomes_[i].answer;
    return std::move(outcomes_[i].rejection);
  });
}

// What fails them together may be the fault of one.
void Exec::RunTogether(const Frame& frame, const std::vector<size_t>& records) {
  const auto failure = Ask(frame, records);
  if (!failure) return;
  log_(LogLevel::kWarning,
       fmt::format("the program failed; a new one gets the unanswered records one by one: {}",
                   failure->message));
  for (const size_t record : records) {
    if (!outcomes_[record].open) continue;
    auto alone = Ask(frame, {record});
    if (alone) outcomes_[record].rejection = std::move(alone);
  }
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
    if (!outcomes_[record].open) continue;
    const size_t before = lines_.size();
    if (format_.array > 0) lines_ += asked_.empty() ? '[' : ',';
    if (!WriteRecord(frame, record)) {
      lines_.resize(before);
      continue;
    }
    if (format_.array == 0) lines_ += '\n';
    asked_.emplace(next_number_++, record);
  }
  if (format_.array > 0 && !asked_.empty()) lines_ += "]\n";
}

// False if it cannot go to the program, and so has failed.
bool Exec::WriteRecord(const Frame& frame, size_t record) {
  const RecordView view = frame.record(record);
  record_tag_.clear();
  AppendRecordTag(next_number_, format_.meta, frame.info(), view, record_tag_);
  Outcome& outcome = outcomes_[record];
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
  Outcome& outcome = outcomes_[found->second];
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
