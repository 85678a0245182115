#include "lib/infer/warm_model.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/batch/buffer.h"
#include "lib/codec/number.h"
#include "lib/codec/path.h"

namespace rk {
namespace {

// How many rows a frame of rk-read's holds by default: 500 records, or 1 MiB of JSON, in which a
// number takes two bytes at least.
size_t TypicalRows(const std::vector<Input>& inputs) {
  size_t json_bytes = 1;
  for (const Input& input : inputs) {
    json_bytes +=
        2 * (input.is_list() ? Rows::kMadeUpLength : input.row_bytes / SizeOf(input.dtype));
  }
  return std::clamp<size_t>((size_t{1} << 20) / json_bytes, 1, 500);
}

// One and two rows, since libraries take another path for a vector than for a matrix, and a typical
// batch; or every size that there will be.
std::vector<size_t> WarmSizes(const std::vector<Input>& inputs, const InferOptions& options) {
  if (!options.buckets.empty()) return options.buckets;
  const size_t most = std::min(options.batching.max_batch, TypicalRows(inputs));
  std::vector<size_t> sizes = {1, std::min<size_t>(2, most), most};
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

// Whether other rows are of no use. Throws if calls of another size are neither.
bool IsHopeless(const std::vector<ModelFailure>& failures, const InferOptions& options) {
  constexpr size_t kFillings = 3;
  using Kind = ModelFailure::Kind;
  const ModelFailure& failure = failures.back();
  const std::string_view reason = failure.what();
  if (failure.kind() == Kind::kMemory) {
    throw Error(
        ErrorKind::kTryAgain,
        fmt::format("out of memory at the warm-up: {}; a smaller --max-batch takes less", reason));
  }
  if (failure.kind() == Kind::kRows) throw Error(ErrorKind::kConfiguration, failure.what());
  if (!options.sample.empty()) return true;
  const bool always = std::all_of(failures.begin(), failures.end(), [&](const ModelFailure& one) {
    return one.kind() == Kind::kOperation && one.what() == reason;
  });
  return failures.size() == kFillings && always;
}

// The largest number of rows up to `most` that a call takes if it takes one row; else the only
// number that it takes, so far as one can tell; 0 if none is found.
size_t FindSize(const std::function<bool(size_t rows)>& takes, size_t most) {
  constexpr size_t kTried = 64;
  if (takes(1)) {
    size_t good = 1;
    for (size_t bad = most; bad - good > 1;) {
      const size_t middle = good + (bad - good) / 2;
      (takes(middle) ? good : bad) = middle;
    }
    return good;
  }
  for (size_t rows = 2; rows <= std::max(most, kTried); rows += rows < kTried ? 1 : rows) {
    if (takes(rows)) return rows;
  }
  return 0;
}

void CheckDropped(const InferOptions& options, const std::vector<std::string>& names) {
  if (!options.dropped.empty() && options.emit != Emit::kMerge) {
    throw Error(ErrorKind::kUsage, "--drop goes with --emit merge, which keeps a record's fields");
  }
  for (const std::string& path : options.dropped) {
    const std::vector<std::string> keys = ParsePath(path);
    if (keys.size() == 1 && std::find(names.begin(), names.end(), keys[0]) != names.end()) {
      throw Error(ErrorKind::kConfiguration,
                  fmt::format("--drop {}: an output has that name, and takes its place", path));
    }
  }
}

std::string TypeOf(const Outputs& outputs, size_t output) {
  if (outputs.taken(output).strings) return "str [B]";
  const Outputs::Row row = outputs.RowOf(output, 0);
  std::string shape = "B";
  for (const int64_t size : row.shape) shape += fmt::format(",{}", size);
  return fmt::format("{} [{}]", NameOf(row.dtype), shape);
}

}  // namespace

void InferOptions::UseBuckets(std::vector<size_t> sizes) {
  std::sort(sizes.begin(), sizes.end());
  buckets = std::move(sizes);
  batching.max_batch = std::min(batching.max_batch, buckets.back());
}

WarmModel::WarmModel(std::unique_ptr<Model> model, Signature signature, const InferOptions& options,
                     std::string id, const Log& log)
    : model_(std::move(model)),
      signature_(std::move(signature)),
      id_(std::move(id)),
      buckets_(options.buckets),
      outputs_(WarmUp(options, log)),
      rows_(signature_.inputs,
            options.emit == Emit::kMerge ? outputs_.names() : std::vector<std::string>(),
            *options.codec, options.dropped) {
  CheckDropped(options, outputs_.names());
}

void WarmModel::MakeRows(Rows& rows, const InferOptions& options, size_t count,
                         Rows::Filling filling) {
  rows.Clear();
  if (options.sample.empty()) return rows.AddMadeUp(count, filling);
  Buffer value;
  value.Append(options.sample);
  while (rows.count() < count) {
    if (const auto rejection = rows.Add(0, value.view())) {
      throw Error(ErrorKind::kConfiguration,
                  fmt::format("the sample record: {}", rejection->message));
    }
  }
}

// Each size twice, since what the first call frees is there for the second.
std::optional<Outputs> WarmModel::WarmUpOn(Rows& rows, const InferOptions& options,
                                           const std::vector<size_t>& sizes) {
  std::optional<Outputs> outputs;
  for (const size_t count : sizes) {
    for (int i = 0; i < 2; ++i) {
      const auto returned = model_->Run(rows.Inputs(0, count, count));
      if (!outputs) outputs.emplace(signature_, options.emit, returned, *options.codec);
      outputs->Take(returned, count);
    }
  }
  return outputs;
}

// A failure that is the same whatever the rows hold is one of their type and shape, which no record
// cures.
Outputs WarmModel::WarmUp(const InferOptions& options, const Log& log) {
  const std::vector<size_t> sizes = WarmSizes(signature_.inputs, options);
  const size_t most = *std::max_element(sizes.begin(), sizes.end());
  std::vector<ModelFailure> failures;
  for (const Rows::Filling filling :
       {Rows::Filling::kZeros, Rows::Filling::kOnes, Rows::Filling::kUnlike}) {
    Rows rows(signature_.inputs, {}, *options.codec);
    MakeRows(rows, options, most, filling);
    try {
      std::optional<Outputs> outputs = WarmUpOn(rows, options, sizes);
      for (size_t i = 0; i < outputs->names().size(); ++i) {
        gives_.push_back(fmt::format("{}: {}", outputs->names()[i], TypeOf(*outputs, i)));
      }
      filling_ = filling;
      warm_row_.emplace(std::move(rows));
      return *std::move(outputs);
    } catch (const ModelFailure& failure) {
      failures.push_back(failure);
      if (IsHopeless(failures, options)) RefuseInputs(options, most, failure.what());
    }
  }
  log(LogLevel::kWarning, fmt::format("not warmed up: the model refuses made-up rows: {}; give a "
                                      "record that it accepts with --sample",
                                      failures.front().what()));
  return Outputs(signature_, options.emit, std::nullopt, *options.codec);
}

// The rows are not to blame: is it their number?
void WarmModel::RefuseInputs(const InferOptions& options, size_t most, const std::string& reason) {
  const auto takes = [&](size_t count) {
    Rows rows(signature_.inputs, {}, *options.codec);
    MakeRows(rows, options, count, Rows::Filling::kZeros);
    try {
      const auto returned = model_->Run(rows.Inputs(0, count, count));
      return std::all_of(returned.begin(), returned.end(), [count](const ModelValue& value) {
        return value.rows() == static_cast<int64_t>(count);
      });
    } catch (const ModelFailure&) {
      return false;
    }
  };
  const bool one = takes(1);
  const size_t size = options.buckets.empty() ? FindSize(takes, most) : 0;
  if (size > 0) {
    throw Error(ErrorKind::kConfiguration,
                one ? fmt::format("the model takes at most {} row{} in a call, not {}: give "
                                  "--max-batch {}; it says: {}",
                                  size, size == 1 ? "" : "s", most, size, reason)
                    : fmt::format("the model takes calls of {} rows only: give --buckets {}; it "
                                  "says: {}",
                                  size, size, reason));
  }
  throw Error(
      ErrorKind::kConfiguration,
      options.sample.empty()
          ? fmt::format("the model does not accept these inputs: {}; compare --input with what it "
                        "expects, or give one that it accepts with --sample",
                        reason)
          : fmt::format("the model does not accept the sample record: {}", reason));
}

bool WarmModel::HasMemory() {
  if (!warm_row_) return true;
  try {
    const size_t padded = Padded(1);
    (void)model_->Run(warm_row_->Inputs(0, 1, padded));
    return true;
  } catch (const ModelFailure& failure) {
    return failure.kind() != ModelFailure::Kind::kMemory;
  }
}

size_t WarmModel::Padded(size_t rows) const {
  const auto bucket = std::lower_bound(buckets_.begin(), buckets_.end(), rows);
  return bucket == buckets_.end() ? rows : *bucket;
}

void WarmModel::Call(size_t first, size_t last) {
  const size_t padded = Padded(last - first);
  outputs_.Take(model_->Run(rows_.Inputs(first, last, padded)), padded);
}

}  // namespace rk
