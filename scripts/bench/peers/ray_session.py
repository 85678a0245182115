"""A Ray of one program's own, of which nothing is left when the program ends."""

import ctypes
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)  # or Ray makes one in ~/.ray, and leaves it there
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # here too: it listens on the loopback alone
import ray  # noqa: E402: it looks at its environment when it is imported

PR_SET_CHILD_SUBREAPER = 36
GRACE_S = 10


def run(work, **options):
    """Calls work() between ray.init(**options) and ray.shutdown(), and exits: 0 when it returns or
    on SIGTERM or Ctrl-C, 1 with a reason on stderr if it fails.
    """
    # Ray's sockets lie in this folder, and their paths must stay under 108 bytes: not in $TMPDIR.
    folder = tempfile.mkdtemp(prefix="rk-ray-", dir="/tmp")
    # The workers are Ray's children, not ours: they become ours when Ray goes before them.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, stop)
    code = 0
    try:
        ray.init(address="local", include_dashboard=False, _temp_dir=folder, **options)
        signal.signal(signal.SIGTERM, stop)  # again: Ray's own ends in an abort
        work()
    except (SystemExit, KeyboardInterrupt):
        pass
    except Exception as error:
        print(f"{os.path.basename(sys.argv[0])}: error: {error}", file=sys.stderr)
        code = 1
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        ray.shutdown()
        end_children()
        shutil.rmtree(folder)
    sys.exit(code)


def stop(*_):
    sys.exit()


def end_children():
    """Waits for all processes below this one; those that stay too long are killed."""
    deadline = time.monotonic() + GRACE_S
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid:
            continue
        if time.monotonic() > deadline:
            for child in children():
                os.kill(child, signal.SIGKILL)
        time.sleep(0.05)


def children():
    with open(f"/proc/self/task/{os.getpid()}/children") as pids:
        return [int(pid) for pid in pids.read().split()]
