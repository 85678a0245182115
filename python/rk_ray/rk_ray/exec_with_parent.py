"""exec_with_parent.py PARENT PROGRAM [ARGUMENT]...: becomes the program, which the kernel kills when the thread that
started it ends. (A preexec_fn would run Python between fork and exec, in a process of many threads.)"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit(f"rk-ray: error: prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != int(sys.argv[1]):  # it went before the kernel knew
        sys.exit(128 + signal.SIGKILL)
    try:
        os.execvp(sys.argv[2], sys.argv[2:])
    except OSError as error:
        print(f"rk-ray: error: {sys.argv[2]}: {error.strerror}; install rk on each node, on the PATH that Ray was "
              "started with", file=sys.stderr)
        sys.exit(66)


main()
