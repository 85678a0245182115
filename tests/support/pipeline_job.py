"""What the tests of rk-run share: a running pipeline that can be asked, hurt and stopped."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from main_job import BIN, MODELS, SOURCE, Broken, check, check_built, wait_until

SLEEPING = SOURCE / "tests/support/sleeping/rk-infer"


def alive(pid):
    """False for zombies too."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def rss(pid):
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def section(name, exec_, **keys):
    """A stage of a pipeline file."""
    lines = [f"[{name}]", f"exec = {json.dumps(exec_)}"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    return "\n".join(lines) + "\n"


class Pipeline:
    """An rk-run with a directory of its own; nothing of it outlives the `with` block."""

    def __init__(self, *sections, options=(), env=None):
        check_built(BIN / "rk-run")
        self.folder = tempfile.mkdtemp(prefix="rk-run-")
        self.file = os.path.join(self.folder, "pipeline.toml")
        self.write(*sections)
        self.env = {**os.environ, "RK_RUNTIME_DIR": os.path.join(self.folder, "run"),
                    "RK_BIN": str(BIN), "PATH": f"{BIN}:{os.environ['PATH']}", **(env or {})}
        self.options = [str(option) for option in options]
        self.process = None
        self.start()

    def write(self, *sections):
        with open(self.file, "w") as file:
            file.write("\n".join(sections))

    def start(self):
        with open(os.path.join(self.folder, "stderr"), "a") as log:
            self.process = subprocess.Popen([BIN / "rk-run", *self.options, self.file], stdin=subprocess.DEVNULL,
                                            stderr=log, env=self.env)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(f"--- rk-run:\n{self.log()[-6000:]}", file=sys.stderr)
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        with open(os.path.join(self.folder, "stderr")) as log:
            return log.read()

    def logged(self, pattern):
        return re.findall(pattern, self.log())

    def wait_ready(self, timeout=60):
        wait_until(lambda: self.logged("info: ready ") or self.process.poll() is not None, timeout, "rk-run is ready")
        check(self.process.poll() is None, f"rk-run exits {self.process.returncode}: {self.log()}")
        return self

    def pid(self, name):
        """Of the process that is `name` (infer.0) now."""
        return int(self.logged(rf"started stage={re.escape(name)} pid=(\d+)")[-1])

    def pids(self):
        return [int(pid) for pid in self.logged(r"started stage=\S+ pid=(\d+)")]

    def status(self):
        out = subprocess.run([BIN / "rk-run", "--status=json", self.file], env=self.env, capture_output=True, text=True)
        check(out.returncode == 0, f"rk-run --status exits {out.returncode}: {out.stderr}")
        status = json.loads(out.stdout)
        status["stages"] = {stage["stage"]: stage for stage in status["stages"]}
        return status

    def stage(self, name):
        return self.status()["stages"][name]

    def wait_end(self, timeout):
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Broken(f"rk-run still runs after {timeout} s") from None

    def stop(self, timeout=10):
        """SIGTERM; returns the exit status and how long it took."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.wait_end(timeout), time.monotonic() - begin


class Joined:
    """Stages of a person's own wiring, by name; none outlives the `with` block. `{d}` in an argument is
    the folder for sockets."""

    def __init__(self, env=None):
        self.folder = tempfile.mkdtemp(prefix="rk-joined-")
        self.env = {**os.environ, "RK_RUNTIME_DIR": self.folder, "RK_BIN": str(BIN),
                    "PATH": f"{BIN}:{os.environ['PATH']}", **(env or {})}
        self.stages = {}

    def start(self, name, command, env=None, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=()):
        args = [arg.replace("{d}", self.folder) for arg in shlex.split(command)]
        with open(os.path.join(self.folder, f"{name}.stderr"), "a") as log:
            self.stages[name] = subprocess.Popen(args, stdin=stdin, stdout=stdout, stderr=log,
                                                 env={**self.env, **(env or {})}, pass_fds=pass_fds)
        return self.stages[name]

    def log(self, name):
        with open(os.path.join(self.folder, f"{name}.stderr")) as log:
            return log.read()

    def wait_ready(self, *names):
        for name in names:
            wait_until(lambda: "model ready" in self.log(name), 30, f"{name} is ready")

    def stop(self, *names, timeout=12):
        """SIGTERM to each in turn; each must exit 0."""
        for name in names:
            self.stages[name].send_signal(signal.SIGTERM)
            check(self.stages[name].wait(timeout) == 0, f"{name} exits {self.stages[name].returncode}: {self.log(name)}")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for name, stage in self.stages.items():
            if kind is not None:
                print(f"--- {name}:\n{self.log(name)[-2000:]}", file=sys.stderr)
            stage.kill()
            stage.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def reader(kafka, topic, group, *more):
    return " ".join(["rk-read", "-b", kafka.brokers, "-t", topic, "-G", group,
                     "-X auto.offset.reset=earliest", *map(str, more)])


def infer(model, *more):
    tool = SLEEPING if model.startswith("sleep") else "rk-infer"
    return " ".join([f"{tool} -m", str(MODELS / model), "--input", "'features:f32[16]'", *map(str, more)])


def writer(kafka, topic, *more):
    return " ".join(["rk-write", "-b", kafka.brokers, "-t", topic, *map(str, more)])
