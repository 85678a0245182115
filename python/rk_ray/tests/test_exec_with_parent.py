"""A program that is started by exec_with_parent.py does not outlive who started it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import rk_ray

GUARD = Path(rk_ray.__file__).with_name("exec_with_parent.py")
PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-I", sys.argv[1], str(os.getpid()), "sleep", "300"])
print(child.pid, flush=True)
child.wait()
"""


def gone(pid, timeout=10):
    """Zombies are: in a container nobody may reap them."""
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def test_it_dies_with_its_parent():
    with subprocess.Popen([sys.executable, "-c", PARENT, GUARD], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        until = time.monotonic() + 10
        while Path(f"/proc/{pid}/cmdline").read_bytes() != b"sleep\0300\0" and time.monotonic() < until:
            time.sleep(0.05)
        parent.kill()
    assert gone(pid)


def start(*arguments):
    return subprocess.run([sys.executable, "-I", GUARD, *map(str, arguments)], capture_output=True, text=True, timeout=20)


def test_it_does_not_start_when_its_parent_is_another_already():
    assert start(1 if os.getpid() != 1 else 2, "echo", "started").stdout == ""


def test_a_program_that_is_not_there_is_named():
    done = start(os.getpid(), "no-such-program")
    assert done.returncode == 66 and done.stderr.startswith("rk-ray: error: no-such-program: No such file or directory;")
