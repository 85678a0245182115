#pragma once

#include <memory>
#include <string>

#include <c10/core/Device.h>

#include "lib/infer/backend.h"

/// Inside lib/torch only: rk_backend() is for the others.
namespace rk {

/// Loads a TorchScript file onto a device. Throws Error(kBadData) if it is no TorchScript model.
std::unique_ptr<Model> LoadTorchScript(const std::string& file, c10::Device device);

}  // namespace rk
