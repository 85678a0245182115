#pragma once

#include <memory>

#include "lib/stage/progress.h"
#include "lib/write/text_options.h"

namespace rk {

/// Shows how much of its text, of which the end is known, an rk-write -P has taken: files, or bytes
/// of a regular file on stdin. Null for other input. `stage` must outlive it.
std::unique_ptr<Progress> ShowText(const TextOptions& options, const Stage& stage);

}  // namespace rk
