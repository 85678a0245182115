#pragma once

#include <optional>

namespace rk {

/// Makes the first process of a container (PID 1) one that may be: call it first in main(), while
/// there is one thread. The kernel gives such a process every orphan there is, and ignores signals
/// that it does not handle. So the work goes on in a child, where this returns nothing, and PID 1
/// reaps whatever dies and passes signals on to the child; there this returns the child's exit
/// status, 128 + n for death by signal n, once it is dead. With any other PID, and where
/// there is no room for another process, it returns nothing at once.
std::optional<int> LeaveWorkToChild();

}  // namespace rk
