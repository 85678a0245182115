"""The actor that holds a machine which joins a slot."""

from __future__ import annotations

import threading

from rk_ray.model import Contact
from rk_ray.run_actor import RunActor


class Joined(RunActor):
    """An rk-run with one stage. It has no use without its slot: where that moves, this one is killed and joins it there."""

    def __init__(self, *arguments: object):
        self._known = threading.Event()
        self._joins = ""
        """The address that rk-run was started with."""
        super().__init__(*arguments)  # type: ignore[arg-type]

    def drain(self) -> None:
        self._known.set()
        super().drain()

    def _meet(self, told: Contact) -> None:
        if not told.address:
            return
        super()._meet(told)
        with self._lock:
            self._address = told.address
            if self._process and self._moved():
                self._process.kill()
        self._known.set()

    def _moved(self) -> bool:
        return self._address != self._joins

    def _arguments(self) -> list[str]:
        with self._lock:
            self._state = "waiting"
        self._known.wait()
        split = self._spec.split
        assert split and self._keys
        with self._lock:
            self._joins = self._address
        return ["--stage", split.stage, "--join", self._joins, "--cpus", f"{split.cpus:g}", "--keys", str(self._keys.folder)]
