#pragma once

#include <sys/types.h>

#include "lib/base/descriptor.h"

namespace rk {

/// Kills a process group as soon as this process is gone, however that came about: a process of its
/// own that waits for the other end of a pipe to close. PR_SET_PDEATHSIG reaches a child only, not
/// what the child has started; this reaches all that stayed in its group. One thread.
class GroupWarden {
 public:
  /// Throws Error(kIo) or Error(kUnavailable) if the machine has no room for it.
  explicit GroupWarden(pid_t group);
  /// Sends it away; the group is left alone.
  ~GroupWarden();
  GroupWarden(const GroupWarden&) = delete;
  GroupWarden& operator=(const GroupWarden&) = delete;

 private:
  Descriptor alive_;
};

}  // namespace rk
