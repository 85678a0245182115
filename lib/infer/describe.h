#pragma once

#include <string>

#include "lib/infer/warm_model.h"

namespace rk {

/// What a person wants to know of a model: its name and hash, what goes in, what comes out, and a
/// sample record, as `codec` has it. A line each, as `KEY: TEXT`.
std::string Describe(const WarmModel& model, const Codec& codec = JsonCodec());

}  // namespace rk
