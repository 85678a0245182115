#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/base/log.h"
#include "lib/batch/batcher.h"
#include "lib/batch/worker.h"
#include "lib/codec/json/tag.h"
#include "lib/map/line_program.h"
#include "lib/map/mapper.h"

namespace rk {

/// How records go to a program.
struct ExecFormat {
  size_t array = 0;   ///< a line is an array of up to so many, of any frames; 0: a line is a record
  bool meta = false;  ///< with what Kafka knows of the record beside its value
};

/// Records through a program that is kept alive. It gets each record's object as a line or in an
/// array, with a number of ours in it (Tag), and what it says with that number is the record's new
/// value: what it says is never taken for the answer to another record, whatever it leaves out,
/// says twice or puts in another order. Or it says why it cannot use the record, which is then
/// marked failed (exec-error). An array is filled from all the frames that are here, but that of a
/// suspect from no other; records that are failed or filtered already are as they were.
///
/// When the program fails, the records that it was sent and has not answered are sent to a new one,
/// each alone: the one that fails alone is marked failed. Codes: exec-died, exec-timeout,
/// bad-answer, those of Tag::Put, null-value, empty-value.
class Exec : public Worker {
 public:
  /// A program that ends right after its start without having read anything is no fault of a
  /// record: Work() throws Error(kUnavailable) then.
  /// It is started here, so that it is ready when records come.
  Exec(StartProgram start, ExecFormat format, Log log);

  ~Exec() override;
  Exec(const Exec&) = delete;
  Exec& operator=(const Exec&) = delete;

  /// What becomes of tombstones: the program itself is never given one.
  void Treat(Tombstones tombstones) { tombstones_ = tombstones; }
  /// Who is told after each step.
  void OnWork(std::function<void(const MapCounts&)> told) { on_work_ = std::move(told); }

  bool full() const override { return batcher_.full(); }
  std::optional<Time> due() const override { return batcher_.due(); }
  void Take(Frame frame, Time now) override;
  /// An array, or the lines of a frame. Returns the frames that are done by then, in the order in
  /// which they came.
  std::vector<Frame> Work() override;

  const MapCounts& counts() const { return counts_; }

 private:
  struct Job;
  struct Outcome;

  /// A record of a frame that is here.
  struct Place {
    Outcome& outcome() const;

    Job* job;
    size_t index;
  };

  void Start();
  std::vector<Place> Gather();
  void RunTogether(const std::vector<Place>& records);
  void WriteLines(const std::vector<Place>& records);
  bool WriteRecord(const Place& record);
  std::optional<Rejection> Ask(const std::vector<Place>& records);
  void Converse(const std::vector<Place>& records);
  void Take(std::string_view line);
  void TakeArray(std::string_view line);
  void TakeAnswer(std::string_view text);
  void TakeRepeated(std::string_view text);
  std::vector<Frame> Finished();
  Frame Finish(Job& job);

  StartProgram start_;
  ExecFormat format_;
  Log log_;
  Tombstones tombstones_ = Tombstones::kPass;
  MapCounts counts_;
  std::function<void(const MapCounts&)> on_work_ = [](const MapCounts&) {};
  Batcher batcher_;
  std::deque<Job> jobs_;                  // the frames that are here
  std::unique_ptr<LineProgram> program_;  // null: to be started
  bool fresh_ = true;                     // it has answered nothing yet
  bool repeated_ = false;                 // there was a second answer, and it was said
  Tag tag_;
  uint64_t next_number_ = 0;
  std::unordered_map<uint64_t, Place> asked_;  // by number
  std::string lines_;                          // scratch
  std::string record_tag_;                     // scratch
  TaggedAnswer answer_;                        // scratch
};

}  // namespace rk
