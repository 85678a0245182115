"""What a program calls: start a pipeline, watch it, change it, stop it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import ActorDiedError, GetTimeoutError, RayError

from rk_ray.controller import controller_name, start_controller
from rk_ray.decisions import TRY_AGAIN, UNAVAILABLE
from rk_ray.model import NAMESPACE, PipelineStatus, RkRayError, Spec, Split

USAGE, MISSING = 64, 66
ANSWER_TIMEOUT_S = 30.0
LOST_TIMEOUT_S = 120.0
BETWEEN_LOOKS_S = 0.5
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


class Running:
    """A pipeline on the cluster that ray.init() has connected this process to. It does not depend on this process."""

    def __init__(self, name: str):
        """Throws RkRayError if there is none of that name."""
        self.name = name
        try:
            self._controller: Any = ray.get_actor(controller_name(name), NAMESPACE)
        except ValueError:
            raise RkRayError(f"no pipeline {name} is on this cluster", UNAVAILABLE) from None

    def status(self) -> PipelineStatus:
        status: PipelineStatus = self._ask(self._controller.status.remote())
        return status

    def spec(self) -> Spec:
        spec: Spec = self._ask(self._controller.spec.remote())
        return spec

    def wait(self, timeout: float | None = None, on_turn: Callable[[], None] | None = None) -> int:
        """Until the pipeline has ended; returns its exit status: 0 when it finished or was stopped and everything read is
        acknowledged. Throws TimeoutError after `timeout` seconds, and RkRayError if its controller is lost for good.
        `on_turn` is called about twice a second."""
        began = heard = time.monotonic()
        while True:
            if on_turn:
                on_turn()
            try:
                status = self.status()
                heard = time.monotonic()
                if status.exit is not None:
                    return status.exit
            except RkRayError:
                if time.monotonic() - heard > LOST_TIMEOUT_S:  # else Ray is starting it on another node
                    raise
            if timeout is not None and time.monotonic() - began > timeout:
                raise TimeoutError(f"pipeline {self.name} has not ended after {timeout:g} s")
            time.sleep(BETWEEN_LOOKS_S)

    def resize(self, slots: int) -> None:
        """From now on there are that many slots; where they scale with the lag, at least that many. Returns at once."""
        _check(slots >= 1, "there must be at least one slot: to end the pipeline, stop it")
        self._ask(self._controller.resize.remote(slots))

    def roll(self) -> None:
        """Starts the rk-run of each slot anew, in the version that its node has now: one after the other, the next when the
        one before runs. Returns at once; the status says which are still to come."""
        self._ask(self._controller.roll.remote())

    def logs(self, slot: int | str, count: int = 100) -> list[str]:
        """The last lines, at most 1,000, that rk-run and its stages have logged in a slot on its node, or on a machine that
        joins it, as "0/infer.0"."""
        lines: list[str] | None = self._ask(self._controller.logs.remote(str(slot), count))
        if lines is None:
            raise RkRayError(f"pipeline {self.name} has no slot {slot}", UNAVAILABLE)
        return lines

    def stop(self) -> None:
        """Has every slot finish what is in flight, leave the group and end. Returns at once; wait() waits for it."""
        self._ask(self._controller.stop.remote())

    def forget(self) -> None:
        """Of one that has ended: its name is free again, which it otherwise is after a minute."""
        ray.kill(self._controller)

    def _ask(self, answer: Any) -> Any:
        try:
            return ray.get(answer, timeout=ANSWER_TIMEOUT_S)
        except ActorDiedError:
            raise RkRayError(f"the controller of pipeline {self.name} is dead", UNAVAILABLE) from None
        except (RayError, GetTimeoutError) as error:
            raise RkRayError(f"pipeline {self.name} does not answer: {error}", UNAVAILABLE) from None


class Pipeline:
    """A pipeline file of rk-run."""

    def __init__(self, file: str | Path, name: str | None = None):
        """The name is the file's, without its extension, unless it is given. Throws RkRayError."""
        path = Path(file)
        self.file = str(file)
        self.name = path.stem if name is None else name
        _check(bool(_NAME.fullmatch(self.name)),
               f"'{self.name}' is not a pipeline name: use letters, digits, '.', '_' and '-'")
        try:
            self.text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise RkRayError(f"{path}: {error.strerror}", MISSING) from None

    def run(self, slots: int = 1, cpus: float = 1, gpus: float = 0, scale_up_lag: int | None = None,
            max_slots: int | None = None, placement_group: str | None = None, split: Split | None = None) -> Running:
        """Starts it on the cluster that ray.init() has connected this process to (else on a local one). If it runs there
        with the same file and arguments, that is the one. Each slot takes `cpus` and `gpus` of a node: SPREAD, or a bundle of
        the placement group of that name. With `scale_up_lag` and `max_slots` there is one slot more when the group has been
        more than `scale_up_lag` records a slot behind for 15 s, and one less after a minute in which it was less than a tenth
        of that behind altogether. With `split` the slots take no GPUs, and to each come machines that run the one stage, with
        the GPUs, on other nodes than the slot where there are some. Throws RkRayError."""
        _check(slots >= 1 and cpus >= 0 and gpus >= 0, "there must be at least one slot, and no negative cpus or gpus")
        _check((scale_up_lag is None) == (max_slots is None), "to scale takes both a lag to scale up at and a maximum")
        _check(max_slots is None or max_slots >= slots, f"a maximum of {max_slots} slots is less than {slots}")
        _check(scale_up_lag is None or scale_up_lag >= 1, "the lag to scale up at must be at least 1")
        _check(split is None or (split.count >= 1 and split.cpus >= 0), "at least one machine must join, with no negative cpus")
        if not ray.is_initialized():
            ray.init(namespace=NAMESPACE)
        spec = Spec(self.name, self.text, self.file, slots, cpus, gpus, scale_up_lag, max_slots, placement_group, split)
        if placement_group is not None:
            try:
                ray.util.get_placement_group(placement_group)
            except ValueError:
                raise RkRayError(f"there is no placement group {placement_group}", MISSING) from None
        for _ in range(2):
            running = self._there_already(spec)
            if running is not None:
                return running
            try:
                start_controller(spec)
            except ValueError:  # another one was faster
                continue
            break
        return Running(self.name)

    def _there_already(self, spec: Spec) -> Running | None:
        try:
            running = Running(self.name)
        except RkRayError:
            return None
        status = running.status()
        if status.state == "ended":
            running.forget()
            return None
        if status.state == "running" and running.spec() == spec:
            return running
        raise RkRayError(f"pipeline {self.name} is {status.state} already, with another file or other arguments: stop it, or "
                         "give this one another name", TRY_AGAIN)


def _check(holds: bool, text: str) -> None:
    if not holds:
        raise RkRayError(text, USAGE)
