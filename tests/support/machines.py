"""Machines, as far as links between them can tell: each has keys and a runtime directory of its own."""

import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile

from main_job import BIN, run


class Machine:
    """Processes that share keys and a runtime directory, reached at `address`. They run behind the words of
    `prefix`, such as `ip netns exec NAME`; none outlives the `with` block."""

    def __init__(self, address, prefix=(), env=None):
        self.address, self.prefix = address, list(prefix)
        self.folder = tempfile.mkdtemp(prefix="rk-machine-")
        self.keys = os.path.join(self.folder, "keys")
        self.env = {**os.environ, "RK_RUNTIME_DIR": os.path.join(self.folder, "run"), "RK_BIN": str(BIN),
                    "PATH": f"{BIN}:{os.environ['PATH']}", **(env or {})}
        self.processes = {}
        run(BIN / "rk-run", "--keys", self.keys)

    def knows(self, other, name=None):
        """Has the other's key, under its address or another name."""
        shutil.copy(os.path.join(other.keys, "own.key"), os.path.join(self.keys, "peers", f"{name or other.address}.key"))

    def forgets(self, name):
        os.remove(os.path.join(self.keys, "peers", f"{name}.key"))

    def start(self, name, command, keys=True, **options):
        """A stage, with the machine's --keys; `{d}` in it is the machine's folder."""
        words = [word.replace("{d}", self.folder) for word in shlex.split(command)]
        if keys:
            words[1:1] = ["--keys", self.keys]
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, **options}
        with open(self.log_file(name), "a") as log:
            self.processes[name] = subprocess.Popen([*self.prefix, *words], stderr=log, env=self.env, **options)
        return self.processes[name]

    def log_file(self, name):
        return os.path.join(self.folder, f"{name}.stderr")

    def log(self, name):
        with open(self.log_file(name)) as log:
            return log.read()

    def stop(self, *names, timeout=12):
        """SIGTERM to each in turn; each must exit 0."""
        for name in names:
            self.processes[name].terminate()
            status = self.processes[name].wait(timeout)
            assert status == 0, f"{name} exits {status}: {self.log(name)}"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for name, process in self.processes.items():
            if kind is not None:
                print(f"--- {self.address} {name}:\n{self.log(name)[-3000:]}", file=sys.stderr)
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_ports(count, address="127.0.0.1"):
    """As many in a row that are free now; returns the first."""
    for first in range(20000 + os.getpid() * 16 % 30000, 60000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as one:
                    one.bind((address, port))
            return first
        except OSError:
            continue
    raise RuntimeError("no ports are free")
