#pragma once

#include <memory>
#include <string>

#include "lib/model/model.h"

namespace rk {

/// Loads a TorchScript file onto a device (see FindDevice). Throws Error(kMissing) if there is no
/// such file, Error(kBadData) if it is no TorchScript model, and what FindDevice() throws.
std::unique_ptr<Model> LoadTorchScript(const std::string& file, const std::string& device);

}  // namespace rk
