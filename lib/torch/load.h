#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/base/log.h"
#include "lib/infer/model.h"
#include "lib/infer/warm_model.h"

namespace rk {

/// Which model, and what it is told about itself.
struct ModelOptions {
  std::string file;
  std::string device = "cpu";        ///< see FindDevice()
  std::string sha256;                ///< what the file's must be; empty: anything
  std::vector<std::string> inputs;   ///< specs; empty: as the file says
  std::vector<std::string> outputs;  ///< specs; empty: as the file says, or all
  std::string labels;                ///< a file; empty: as the model's file says, or none
};

/// Loads a TorchScript file, or where its name ends in `.pt2` an AOTInductor package, onto a
/// device. Throws Error(kMissing) if there is no such file, Error(kBadData) if it is no model or
/// has another sum, Error(kUnavailable) if it is not for this device or CPU, and what FindDevice()
/// throws.
std::unique_ptr<Model> LoadModel(const std::string& file, const std::string& device);

/// LoadModel(), its signature and its warm-up: all that a start and a reload need. Throws in
/// addition Error(kUsage) for a sum that is none, Error(kTryAgain) if the file changes meanwhile,
/// and what MakeSignature() and WarmModel throw. Any thread.
std::unique_ptr<WarmModel> LoadWarmModel(const ModelOptions& options, const InferOptions& infer,
                                         const Log& log);

}  // namespace rk
