#pragma once

#include <sys/types.h>

namespace rk {

/// Called in a process that was just forked: it becomes the warden of a program, and the parent of
/// all that the program starts and leaves, also of what is in a session of its own
/// (PR_SET_CHILD_SUBREAPER). PR_SET_PDEATHSIG reaches a child only, not what the child has started.
///
/// Returns in another new process, which is to become the program: 0 there, or -1 here, with errno,
/// if the machine has no room for it. Otherwise it goes on until the program has ended, or nobody
/// holds the other end of `alive`, a pipe: it kills whatever the program has left, and exits as the
/// program did, with 128 + n for death by signal n. Warden and program are in one process group,
/// whose number is the warden's.
pid_t ForkUnderWarden(int alive);

}  // namespace rk
