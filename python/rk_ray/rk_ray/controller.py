"""The actor that keeps as many slots as are wanted."""

from __future__ import annotations

import threading
import time
import traceback
from dataclasses import replace
from typing import Any

import ray
from ray.exceptions import ActorDiedError, RayError
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from rk_ray.decisions import TRY_AGAIN, LagScaler, outcome
from rk_ray.model import NAMESPACE, PipelineStatus, SlotStatus, Spec
from rk_ray.slot import Slot

BETWEEN_TURNS_S = 1.0
KEPT_S = 60.0
"""How long its end can be asked for."""
PATIENCE_S = 15.0
"""With a slot that is to go and has no node: one may just be starting it."""
LOGS_TIMEOUT_S = 10.0
METHODS_AT_ONCE = 16


def controller_name(pipeline: str) -> str:
    return f"{pipeline}/controller"


def slot_name(pipeline: str, number: int) -> str:
    return f"{pipeline}/{number}"


class _Place:
    """A slot's actor, and the one question to it that is on its way."""

    def __init__(self, number: int, actor: Any):
        self.number = number
        self.actor = actor
        self.asked: Any = None
        self.leaving_since: float | None = None
        self.rolled_from: tuple[str, int | None] | None = None
        """Where the rk-run was that is to be replaced."""
        self.status = SlotStatus(number, "pending")

    def look(self) -> bool:
        """Takes in what it said. False if the actor is dead for good: whoever killed it, there has to be another."""
        if self.asked is not None and ray.wait([self.asked], timeout=0)[0]:
            try:
                self.status = ray.get(self.asked)
            except ActorDiedError:
                return False
            except RayError:  # Ray is about to start it elsewhere
                self.status = SlotStatus(self.number, "moving")
            self.asked = None
        if self.asked is None:
            self.asked = self.actor.look.remote()
        return True


class Controller:
    """Turns every second in a thread of its own. Ray starts it again where its node is lost: then the slots that are there
    tell how many there are to be. To stop is to want none."""

    def __init__(self, spec: Spec):
        self._spec = spec
        self._lock = threading.Lock()
        self._places: dict[int, _Place] = {}
        self._wanted = self._least = spec.slots
        self._rolling: list[int] = []
        self._end: tuple[int, str] | None = None
        self._over_at: float | None = None
        self._scaler = LagScaler(spec.scale_up_lag, spec.max_slots or spec.slots) if spec.scale_up_lag else None
        if ray.get_runtime_context().was_current_actor_reconstructed:
            self._adopt()
        threading.Thread(target=self._keep, name="keep", daemon=True).start()

    def __repr__(self) -> str:
        return self._spec.name

    def spec(self) -> Spec:
        return self._spec

    def status(self) -> PipelineStatus:
        with self._lock:
            code, reason = self._end or (0, "")
            state = "ended" if self._over_at is not None else "running" if self._wanted else "stopping"
            return PipelineStatus(self._spec.name, state, self._wanted, code if state == "ended" else None, reason,
                                  [place.status for _, place in sorted(self._places.items())], list(self._rolling))

    def resize(self, slots: int) -> None:
        """From now on there are that many; with scaling, at least that many."""
        with self._lock:
            if self._wanted:  # one that ends is not woken
                self._wanted = self._least = slots

    def roll(self) -> None:
        """Starts the rk-run of each slot anew, one after the other."""
        with self._lock:
            self._rolling = sorted(self._places) if self._wanted else []

    def stop(self) -> None:
        with self._lock:
            self._wanted = 0

    def logs(self, slot: int, count: int) -> list[str] | None:
        """None if there is no such slot."""
        with self._lock:
            place = self._places.get(slot)
        if place is None:
            return None
        lines: list[str] = ray.get(place.actor.logs.remote(count), timeout=LOGS_TIMEOUT_S)
        return lines

    def _adopt(self) -> None:
        prefix = f"{self._spec.name}/"
        for found in ray.util.list_named_actors(all_namespaces=True):
            number = found["name"].removeprefix(prefix)
            if found["namespace"] == NAMESPACE and found["name"].startswith(prefix) and number.isdigit():
                self._places[int(number)] = _Place(int(number), ray.get_actor(found["name"], NAMESPACE))
        self._wanted = len(self._places)
        self._least = min(self._spec.slots, self._wanted)
        if not self._places:
            self._end = (TRY_AGAIN, "the controller was lost while the pipeline ended or began")

    def _keep(self) -> None:
        while True:
            try:
                with self._lock:
                    self._turn(time.monotonic())
            except Exception:  # noqa: BLE001: what Ray cannot do now, the next turn tries again
                traceback.print_exc()
            if self._over_at is not None and time.monotonic() - self._over_at > KEPT_S:
                ray.kill(ray.get_actor(controller_name(self._spec.name), NAMESPACE))
            time.sleep(BETWEEN_TURNS_S)

    def _turn(self, now: float) -> None:
        if self._over_at is not None:
            return
        for number in range(self._wanted):
            if number not in self._places:
                self._places[number] = _Place(number, self._start(number))
        for place in list(self._places.values()):
            if not place.look():
                del self._places[place.number]
        self._retire(now)
        self._roll()
        self._judge()
        self._scale(now)
        if not self._wanted and not self._places:
            self._over_at = now

    def _start(self, number: int) -> Any:
        spec = self._spec
        strategy: Any = "SPREAD"
        if spec.placement_group:
            strategy = PlacementGroupSchedulingStrategy(ray.util.get_placement_group(spec.placement_group))
        return ray.remote(Slot).options(
            name=slot_name(spec.name, number), namespace=NAMESPACE, lifetime="detached", get_if_exists=True,
            max_restarts=-1, max_concurrency=METHODS_AT_ONCE, num_cpus=spec.cpus, num_gpus=spec.gpus,
            scheduling_strategy=strategy,
        ).remote(spec, number)

    def _retire(self, now: float) -> None:
        """Slots above what is wanted drain, and go when they have. So does one that drained and is wanted again."""
        for number, place in sorted(self._places.items(), reverse=True):
            status = place.status
            if place.leaving_since is None and status.state in ("draining", "stopped"):
                self._wanted = min(self._wanted, number)  # a controller before this one has told it
            if place.leaving_since is None and number >= self._wanted:
                place.leaving_since = now
            if place.leaving_since is None:
                continue
            lost = status.state in ("pending", "moving") and now - place.leaving_since > PATIENCE_S
            if status.state not in ("stopped", "finished", "failed") and not lost:
                place.actor.drain.remote()
                continue
            if status.state == "stopped" and status.exit and self._end is None and not self._wanted:
                self._end = (status.exit, f"slot {number} ended with status {status.exit}")
            ray.kill(place.actor)
            del self._places[number]

    def _roll(self) -> None:
        """The next slot when the one before runs again."""
        self._rolling = [number for number in self._rolling if number in self._places and self._wanted]
        if not self._rolling:
            return
        place = self._places[self._rolling[0]]
        here = (place.status.node, place.status.pid)
        if place.rolled_from is None:
            if place.status.state == "running":
                place.rolled_from = here
                place.actor.roll.remote()
        elif place.status.state == "running" and here != place.rolled_from:
            place.rolled_from = None
            del self._rolling[0]

    def _judge(self) -> None:
        if not self._wanted:
            return
        end = outcome(place.status for place in self._places.values())
        if end is not None:
            self._end = end
            self._wanted = 0

    def _scale(self, now: float) -> None:
        if self._scaler is None or not self._wanted:
            return
        slots = [place.status for place in self._places.values()]
        lag = PipelineStatus(self._spec.name, "running", self._wanted, slots=slots).lag
        self._wanted = self._scaler.decide(now, lag if len(slots) == self._wanted else None, self._wanted, self._least)


def start_controller(spec: Spec) -> Any:
    """Throws ValueError if there is one of that name."""
    return ray.remote(Controller).options(
        name=controller_name(spec.name), namespace=NAMESPACE, lifetime="detached", max_restarts=-1,
        max_concurrency=METHODS_AT_ONCE, num_cpus=0,
    ).remote(replace(spec))
