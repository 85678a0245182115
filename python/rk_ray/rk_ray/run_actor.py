"""An actor that holds an rk-run."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from pathlib import Path
from typing import IO

import ray

from rk_ray.decisions import FENCED, STEADY_S, Restarts, exit_status, next_state
from rk_ray.keys import KeyFolder
from rk_ray.metrics import SlotMetrics
from rk_ray.model import Contact, RkRayError, SlotStatus, Spec

KEPT_LINES = 1000
BETWEEN_METRICS_S = 5.0
ASK_TIMEOUT_S = 5.0
STARTING = 3  # rk-run --status


class RunActor:
    """An rk-run under a name that stays: as long as this object lives there is one, and no longer. Its methods may be called
    from several threads."""

    def __init__(self, spec: Spec, number: int, joined: str = ""):
        self._spec = spec
        self._number = number
        self._joined = joined
        self._name = f"{spec.name}-{number}-{joined}" if joined else f"{spec.name}-{number}"
        self._address = ""
        """Where its machines meet."""
        self._keys: KeyFolder | None = None
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._state = "starting"
        self._exit: int | None = None
        self._restarts = Restarts()
        self._fenced = 0
        """In a row."""
        self._rolling = False
        self._stop = threading.Event()
        self._asked = threading.Event()
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        # The kernel kills rk-run when the thread that started it ends: this one ends with the process.
        threading.Thread(target=self._keep, name="keep", daemon=True).start()
        threading.Thread(target=self._publish, name="metrics", daemon=True).start()

    def __repr__(self) -> str:
        """Begins the lines that Ray shows of this actor."""
        return self._name

    def look(self, told: Contact) -> tuple[SlotStatus, Contact]:
        """What the controller asks, who only knows the actor that counts; it says whom this one is to meet."""
        self._asked.set()
        self._meet(told)
        text = self._ask("json")
        report = json.loads(text) if text else None
        with self._lock:
            state = self._state
            pid = self._process.pid if self._process else None
            if state == "running" and self._stop.is_set():
                state = "draining"
            elif state == "running" and self._rolling:
                state = "rolling"
            elif state == "running" and (report is None or report["state"] == "starting"):
                state = "starting"
            status = SlotStatus(self._number, state, socket.gethostname(), pid, self._restarts.count, self._exit, report,
                                self._joined)
            return status, self._contact()

    def logs(self, count: int) -> list[str]:
        """The last lines of rk-run and its stages, on this node."""
        with self._lock:
            return list(self._lines)[-count:] if count > 0 else []

    def drain(self) -> None:
        """rk-run finishes what is in flight and leaves its group; the slot stays stopped. May be called again."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._asked.set()
        with self._lock:
            if self._process:
                self._process.send_signal(signal.SIGTERM)

    def roll(self) -> None:
        """rk-run finishes what is in flight, leaves its group, and is started again: in the version that is there now."""
        with self._lock:
            if self._process and not self._rolling:
                self._rolling = True
                self._process.send_signal(signal.SIGTERM)

    def _meet(self, told: Contact) -> None:
        with self._lock:
            if self._keys:
                self._keys.let_in(told.peers)

    def _contact(self) -> Contact:
        node = ray.get_runtime_context().get_node_id()
        return Contact(self._keys.public, self._address, self._keys.peers, node) if self._keys else Contact(node=node)

    def _arguments(self) -> list[str]:
        """Of rk-run, but for --name and the file; waits until they are known or it is told to stop."""
        raise NotImplementedError

    def _keep(self) -> None:
        with tempfile.TemporaryDirectory(prefix="rk-ray-") as name:
            folder = Path(name)
            file = self._file(folder)
            if self._spec.split and not self._make_keys(folder / "keys"):
                return
            while self._run_once(file):
                pass

    def _make_keys(self, folder: Path) -> bool:
        try:
            keys = KeyFolder(folder)
        except RkRayError as error:
            self._say(f"rk-ray: error: {self._name}: {error}")
            with self._lock:
                self._state, self._exit = "failed", error.status
            return False
        with self._lock:
            self._keys = keys
        return True

    def _file(self, folder: Path) -> Path:
        """The pipeline file, beside the models and programs of the job's working directory if it is there."""
        file = Path(self._spec.file)
        try:
            if file.read_text(encoding="utf-8") == self._spec.text:
                return file
        except OSError:
            pass
        file = folder / f"{self._spec.name}.toml"
        file.write_text(self._spec.text, encoding="utf-8")
        return file

    def _run_once(self, file: Path) -> bool:
        """Says whether to start it again."""
        arguments = self._arguments()
        began = time.monotonic()
        with self._lock:
            if self._stop.is_set():
                self._state = "stopped"
                return False
            self._process = self._start([*arguments, str(file)])
            self._state = "running"
        assert self._process.stderr
        follow = threading.Thread(target=self._follow, args=(self._process.stderr,), daemon=True)
        follow.start()
        status = exit_status(self._process.wait())
        follow.join(1)  # what has left rk-run's process group may hold it open
        with self._lock:
            self._process = None
            self._exit = status
            ran = time.monotonic() - began
            self._fenced = (self._fenced if ran < STEADY_S else 0) + 1 if status == FENCED else 0
            self._state = next_state(status, self._stop.is_set(), self._fenced, bool(self._joined))
            rolled, self._rolling = self._rolling and status == 0, False
            if rolled or self._moved():
                self._state = "restarting"
                return True
            if self._state not in ("restarting", "fenced"):
                return False
            self._asked.clear()
            pause = self._restarts.pause(ran)
        self._say(f"rk-ray: {self._name}: rk-run ended with status {status}: restarting in_s={pause:g}")
        self._stop.wait(pause)
        if status == FENCED:
            self._asked.wait()
        return True

    def _moved(self) -> bool:
        """True if it was ended so that it starts with other arguments; asked with the lock held."""
        return False

    def _start(self, arguments: list[str]) -> subprocess.Popen[str]:
        guard = Path(__file__).with_name("exec_with_parent.py")
        return subprocess.Popen(
            [sys.executable, "-I", str(guard), str(os.getpid()), "rk-run", "--name", self._name, *arguments],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")

    def _follow(self, stderr: IO[str]) -> None:
        for line in stderr:
            self._say(line.rstrip("\n"))

    def _say(self, line: str) -> None:
        with self._lock:
            self._lines.append(line)
        print(line, flush=True)  # Ray takes it to the log of the job

    def _ask(self, form: str) -> str:
        """What rk-run says of itself; nothing while it does not run."""
        try:
            done = subprocess.run(["rk-run", f"--status={form}", "--name", self._name], capture_output=True, text=True,
                                  timeout=ASK_TIMEOUT_S, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout if done.returncode in (0, STARTING) else ""

    def _publish(self) -> None:
        metrics = SlotMetrics(f"{self._number}/{self._joined}" if self._joined else str(self._number))
        while True:
            time.sleep(BETWEEN_METRICS_S)
            metrics.publish(self._ask("prometheus"))
