#pragma once

#include <string>
#include <vector>

#include "lib/infer/signature.h"
#include "lib/infer/warm_model.h"

namespace rk {

/// A record that the inputs take, as JSON: zeros, false, and the string "text".
std::string SampleRecord(const std::vector<Input>& inputs);

/// What a person wants to know of a model: its name and hash, what goes in, what comes out, and a
/// sample record. A line each, as `KEY: TEXT`.
std::string Describe(const WarmModel& model);

}  // namespace rk
