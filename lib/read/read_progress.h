#pragma once

#include <memory>

#include "lib/read/reader.h"
#include "lib/stage/progress.h"

namespace rk {

/// Shows how far a reader has come that has an end (-e, -c, -o e@MS); null for others, and
/// where records are printed on the terminal. Both must outlive it.
std::unique_ptr<Progress> ShowReading(const ReaderOptions& options, const Reader& reader,
                                      const Stage& stage);

}  // namespace rk
