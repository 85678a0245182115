"""The processes that a program has started, and theirs: what CPU and memory they take, and whether one is left."""

import contextlib
import os
import signal

from main_job import cpu_seconds


def parents():
    """Of each process: {pid: (its parent's, when it started)}; zombies are gone."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            found[int(name)] = (int(fields[1]), fields[19])
    return found


def pss(pid):
    """Bytes, what is shared with others counted in part; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as rollup:
            return 1024 * next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm") as comm:
            return comm.read().strip()
    except OSError:
        return "gone"


class Tree:
    """Some processes and all that descend from them, also when one between them has gone since."""

    def __init__(self, roots):
        now = parents()
        self.known = {pid: now[pid][1] for pid in roots if pid in now}

    def update(self):
        """The pids of those that live."""
        now = parents()
        alive = {pid for pid, since in self.known.items() if now.get(pid, (0, None))[1] == since}
        grown = True
        while grown:
            more = {pid for pid, (parent, _) in now.items() if parent in alive and pid not in alive}
            self.known.update((pid, now[pid][1]) for pid in more)
            alive |= more
            grown = bool(more)
        return alive

    def pss(self):
        """Of each: its name and bytes."""
        return [(name_of(pid), pss(pid)) for pid in self.update()]

    def cpu_seconds(self):
        spent = 0
        for pid in self.update():
            with contextlib.suppress(OSError):  # it has gone since
                spent += cpu_seconds(pid)
        return spent

    def kill(self):
        for pid in self.update():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
