#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/log.h"
#include "lib/infer/backend.h"
#include "lib/infer/warm_model.h"

namespace rk {

/// Which model, and what it is told about itself.
struct ModelOptions {
  std::string file;
  std::string device = "cpu";        ///< see Backend::Load()
  std::string sha256;                ///< what the file's must be; empty: anything
  std::vector<std::string> inputs;   ///< specs; empty: as the file says
  std::vector<std::string> outputs;  ///< specs; empty: as the file says, or all
  std::string sample;                ///< a file with a record that it takes; empty: none
  std::string labels;                ///< a file; empty: as the model's file says, or none
  std::string tokenizer;             ///< a file; empty: as the model's says, or tokenizer.json
};

/// A model, its signature and its warm-up: all that a start and a reload need. Throws
/// Error(kMissing) if there is no such file, Error(kBadData) if it has another sum, Error(kUsage)
/// for a sum that is none, Error(kTryAgain) if the file changes meanwhile, and what
/// Backend::Load(), MakeSignature(), OpenTokenizer() and WarmModel throw; and what `accept` throws
/// of a model that is not to serve, before it is logged as ready. Any thread.
std::unique_ptr<WarmModel> LoadWarmModel(
    Backend& backend, const ModelOptions& options, const InferOptions& infer, const Log& log,
    const std::function<void(const WarmModel& model)>& accept = {});

}  // namespace rk
