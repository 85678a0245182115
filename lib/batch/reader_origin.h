#pragma once

#include "lib/batch/frame.h"

namespace rk {

/// Who commits is told by the end of a reader's origin, which every stage passes on with each
/// frame: a reader that leaves that to a transactional writer (--exactly-once) has there what no
/// other reader has. So a pair of which one was not told is found at its first frame.
Origin ReaderOrigin(bool exactly_once);

/// True of what ReaderOrigin(true) made.
bool IsExactlyOnce(const Origin& origin);

}  // namespace rk
