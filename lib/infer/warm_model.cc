#include "lib/infer/warm_model.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "lib/base/error.h"
#include "lib/codec/number.h"

namespace rk {
namespace {

// How many rows a frame of rk-read's holds by default: 500 records, or 1 MiB of JSON, in which a
// number takes two bytes at least.
size_t TypicalRows(const std::vector<Input>& inputs) {
  size_t json_bytes = 1;
  for (const Input& input : inputs) json_bytes += 2 * input.row_bytes / SizeOf(input.dtype);
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

std::string TypeOf(const ModelValue& value) {
  if (value.strings) return "str [B]";
  std::string shape = "B";
  for (const int64_t size : std::span(value.tensor.shape).subspan(1)) {
    shape += fmt::format(",{}", size);
  }
  return fmt::format("{} [{}]", NameOf(value.tensor.dtype), shape);
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
            *options.codec) {}

// Each size twice, since what the first call frees is there for the second.
Outputs WarmModel::WarmUp(const InferOptions& options, const Log& log) {
  const std::vector<size_t> sizes = WarmSizes(signature_.inputs, options);
  Rows rows(signature_.inputs, {});
  rows.AddZeros(*std::max_element(sizes.begin(), sizes.end()));
  std::optional<Outputs> outputs;
  try {
    for (const size_t count : sizes) {
      for (int i = 0; i < 2; ++i) {
        const auto returned = model_->Run(rows.Inputs(0, count, count));
        if (!outputs) outputs.emplace(signature_, options.emit, returned, *options.codec);
        outputs->Take(returned, count);
      }
    }
  } catch (const ModelFailure& failure) {
    if (failure.kind() == ModelFailure::Kind::kMemory) {
      throw Error(ErrorKind::kTryAgain,
                  fmt::format("out of memory at the warm-up: {}; a smaller --max-batch takes less",
                              failure.what()));
    }
    if (failure.kind() == ModelFailure::Kind::kOperation) {
      throw Error(
          ErrorKind::kConfiguration,
          fmt::format("the model does not accept these inputs: {}; compare --input with what "
                      "it expects",
                      failure.what()));
    }
    log(LogLevel::kWarning,
        fmt::format("not warmed up: the model refuses rows of zeros: {}", failure.what()));
  }
  if (!outputs) return Outputs(signature_, options.emit, std::nullopt, *options.codec);
  for (size_t i = 0; i < outputs->names().size(); ++i) {
    gives_.push_back(fmt::format("{}: {}", outputs->names()[i], TypeOf(outputs->taken(i))));
  }
  return *std::move(outputs);
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
