#pragma once

#include <string>
#include <vector>

#include "lib/codec/field.h"

namespace rk {

/// An object that has the fields: zeros, false, and the string "text".
std::string SampleObject(const std::vector<Field>& fields);

}  // namespace rk
