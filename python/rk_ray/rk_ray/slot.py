"""The actor that holds a slot."""

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

from rk_ray.decisions import FENCED, STEADY_S, Restarts, exit_status, next_state
from rk_ray.metrics import SlotMetrics
from rk_ray.model import SlotStatus, Spec

KEPT_LINES = 1000
BETWEEN_METRICS_S = 5.0
ASK_TIMEOUT_S = 5.0
STARTING = 3  # rk-run --status


class Slot:
    """A whole rk-run under a name that stays: as long as this object lives there is one, and no longer. Its methods may be
    called from several threads."""

    def __init__(self, spec: Spec, number: int):
        self._spec = spec
        self._number = number
        self._name = f"{spec.name}-{number}"
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

    def look(self) -> SlotStatus:
        """What the controller asks, who only knows the slot that counts."""
        self._asked.set()
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
            return SlotStatus(self._number, state, socket.gethostname(), pid, self._restarts.count, self._exit, report)

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

    def _keep(self) -> None:
        with tempfile.TemporaryDirectory(prefix="rk-ray-") as folder:
            file = self._file(Path(folder))
            while self._run_once(file):
                pass

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
        began = time.monotonic()
        with self._lock:
            if self._stop.is_set():
                self._state = "stopped"
                return False
            self._process = self._start(file)
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
            self._state = next_state(status, self._stop.is_set(), self._fenced)
            rolled, self._rolling = self._rolling and self._state == "finished", False
            if rolled:
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

    def _start(self, file: Path) -> subprocess.Popen[str]:
        guard = Path(__file__).with_name("exec_with_parent.py")
        return subprocess.Popen(
            [sys.executable, "-I", str(guard), str(os.getpid()), "rk-run", "--name", self._name, "--instance", self._name,
             "--cpus", f"{self._spec.cpus:g}", str(file)],
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
        metrics = SlotMetrics(self._number)
        while True:
            time.sleep(BETWEEN_METRICS_S)
            metrics.publish(self._ask("prometheus"))
