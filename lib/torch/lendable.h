#pragma once

#include <vector>

#include <torch/csrc/jit/api/module.h>

/// Inside lib/torch only.
namespace rk {

/// For each argument of forward(), but the module itself, of a frozen module: whether its bytes may
/// be lent to it for a call. So they may if the module, as far as can be seen, writes to no tensor,
/// keeps none, and returns none that may be a view of that argument.
std::vector<bool> LendableArguments(const torch::jit::Module& module);

}  // namespace rk
