#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/base/log.h"
#include "lib/codec/json/tag.h"
#include "lib/map/line_program.h"
#include "lib/map/mapper.h"

namespace rk {

/// How records go to a program.
struct ExecFormat {
  size_t array = 0;   ///< a line is an array of up to so many; 0: a line is a record
  bool meta = false;  ///< with what Kafka knows of the record beside its value
};

/// Records through a program that is kept alive. It gets each record's object as a line or in an
/// array, with a number of ours in it (Tag), and what it says with that number is the record's new
/// value: what it says is never taken for the answer to another record, whatever it leaves out,
/// says twice or puts in another order. Or it says why it cannot use the record, which is then
/// marked failed (exec-error).
///
/// When the program fails, the records that it was sent and has not answered are sent to a new one,
/// each alone: the one that fails alone is marked failed. Codes: exec-died, exec-timeout,
/// bad-answer, those of Tag::Put, null-value, empty-value.
class Exec : public Mapper {
 public:
  /// A program that ends right after its start without having read anything is no fault of a
  /// record: Run() throws Error(kUnavailable) then.
  /// It is started here, so that it is ready when records come.
  Exec(StartProgram start, ExecFormat format, Log log);

  Frame Run(const Frame& frame) override;

 private:
  struct Outcome {
    std::optional<std::string> answer;
    std::optional<Rejection> rejection;
    bool open = false;  // to be asked for, or being so
  };

  void Start();
  void Prepare(const Frame& frame);
  void RunTogether(const Frame& frame, const std::vector<size_t>& records);
  void WriteLines(const Frame& frame, const std::vector<size_t>& records);
  bool WriteRecord(const Frame& frame, size_t record);
  std::optional<Rejection> Ask(const Frame& frame, const std::vector<size_t>& records);
  void Converse(const Frame& frame, const std::vector<size_t>& records);
  void Take(std::string_view line);
  void TakeArray(std::string_view line);
  void TakeAnswer(std::string_view text);
  void TakeRepeated(std::string_view text);
  std::vector<size_t> Open() const;

  StartProgram start_;
  ExecFormat format_;
  Log log_;
  std::unique_ptr<LineProgram> program_;  // null: to be started
  bool fresh_ = true;                     // it has answered nothing yet
  bool repeated_ = false;                 // there was a second answer, and it was said
  Tag tag_;
  uint64_t next_number_ = 0;
  std::unordered_map<uint64_t, size_t> asked_;  // number → record of the frame at hand
  std::vector<Outcome> outcomes_;               // by record of the frame at hand
  std::string lines_;                           // scratch
  std::string record_tag_;                      // scratch
  TaggedAnswer answer_;                         // scratch
};

}  // namespace rk
