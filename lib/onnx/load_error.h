#pragma once

#include <string>

#include "lib/base/error.h"
#include "lib/onnx/runtime.h"

/// Inside lib/onnx only.
namespace rk::onnx {

/// Why a model file was refused, and what to do: kMissing for weights that it keeps in a file that
/// is not there, kTryAgain for want of memory, else kBadData.
Error LoadErrorOf(const std::string& file, const Refusal& refusal);

/// Whether the words are those of an allocator that had not enough.
bool IsMemory(const Refusal& refusal);

}  // namespace rk::onnx
