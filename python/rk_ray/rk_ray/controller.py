"""The actor that keeps as many slots as are wanted."""

from __future__ import annotations

import threading
import time
import traceback
from dataclasses import replace
from typing import Any

import ray
from ray.exceptions import ActorDiedError, RayError
from ray.util.scheduling_strategies import NodeLabelSchedulingStrategy, NotIn, PlacementGroupSchedulingStrategy

from rk_ray.decisions import TRY_AGAIN, LagScaler, contacts_of_joined, contacts_of_slot, outcome
from rk_ray.joined import Joined
from rk_ray.model import NAMESPACE, Contact, PipelineStatus, SlotStatus, Spec
from rk_ray.slot import Slot

BETWEEN_TURNS_S = 1.0
HURRIED_S = 0.25
"""While something does not run: those that join wait for each other's keys."""
KEPT_S = 60.0
"""How long its end can be asked for."""
PATIENCE_S = 15.0
"""With a slot that is to go and has no node: one may just be starting it."""
LOGS_TIMEOUT_S = 10.0
METHODS_AT_ONCE = 16


def controller_name(pipeline: str) -> str:
    return f"{pipeline}/controller"


def slot_name(pipeline: str, label: object) -> str:
    """Of a slot or of a machine that joins it."""
    return f"{pipeline}/{label}"


class _Place:
    """An actor, and the one question to it that is on its way."""

    def __init__(self, number: int, joined: str, actor: Any):
        self.actor = actor
        self.asked: Any = None
        self.leaving_since: float | None = None
        self.rolled_from: tuple[str, int | None] | None = None
        """Where the rk-run was that is to be replaced."""
        self.status = SlotStatus(number, "pending", joined=joined)
        self.contact = Contact()

    def look(self, told: Contact) -> bool:
        """Takes in what it said. False if the actor is dead for good: whoever killed it, there has to be another."""
        if self.asked is not None and ray.wait([self.asked], timeout=0)[0]:
            try:
                self.status, self.contact = ray.get(self.asked)
            except ActorDiedError:
                return False
            except RayError:  # Ray is about to start it elsewhere
                self.status = SlotStatus(self.status.slot, "moving", joined=self.status.joined)
            self.asked = None
        if self.asked is None:
            self.asked = self.actor.look.remote(told)
        return True

    def roll(self) -> bool:
        """Starts its rk-run anew; true when it runs again."""
        here = (self.status.node, self.status.pid)
        if self.rolled_from is None:
            if self.status.state == "running":
                self.rolled_from = here
                self.actor.roll.remote()
        elif self.status.state == "running" and here != self.rolled_from:
            self.rolled_from = None
            return True
        return False


class Controller:
    """Turns every second in a thread of its own. Ray starts it again where its node is lost: then the slots that are there
    tell how many there are to be. To stop is to want none."""

    def __init__(self, spec: Spec):
        self._spec = spec
        self._lock = threading.Lock()
        self._places: dict[int, _Place] = {}
        self._joined: dict[tuple[int, str], _Place] = {}
        """Machines that join the slots, by the slot's number and their own name."""
        self._wanted = self._least = spec.slots
        self._rolling: list[str] = []
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
                                  _statuses(self._places), list(self._rolling), _statuses(self._joined))

    def resize(self, slots: int) -> None:
        """From now on there are that many; with scaling, at least that many."""
        with self._lock:
            if self._wanted:  # one that ends is not woken
                self._wanted = self._least = slots

    def roll(self) -> None:
        """Starts the rk-run of each slot anew, one after the other."""
        with self._lock:
            everything = _statuses(self._places) + _statuses(self._joined)
            self._rolling = [one.label for one in everything] if self._wanted else []

    def stop(self) -> None:
        with self._lock:
            self._wanted = 0

    def logs(self, slot: str, count: int) -> list[str] | None:
        """By its label; None if there is no such slot, or machine that joins one."""
        number, _, joined = slot.partition("/")
        with self._lock:
            place = None
            if number.isdigit():
                place = self._joined.get((int(number), joined)) if joined else self._places.get(int(number))
        if place is None:
            return None
        lines: list[str] = ray.get(place.actor.logs.remote(count), timeout=LOGS_TIMEOUT_S)
        return lines

    def _adopt(self) -> None:
        prefix = f"{self._spec.name}/"
        for found in ray.util.list_named_actors(all_namespaces=True):
            number, _, joined = found["name"].removeprefix(prefix).partition("/")
            if found["namespace"] != NAMESPACE or not found["name"].startswith(prefix) or not number.isdigit():
                continue
            place = _Place(int(number), joined, ray.get_actor(found["name"], NAMESPACE))
            if joined:
                self._joined[int(number), joined] = place
            else:
                self._places[int(number)] = place
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
            time.sleep(BETWEEN_TURNS_S if self._settled() else HURRIED_S)

    def _turn(self, now: float) -> None:
        if self._over_at is not None:
            return
        for number in range(self._wanted):
            if number not in self._places:
                self._places[number] = _Place(number, "", self._start(number))
        for number, place in list(self._places.items()):
            joined = {name: one.contact for (slot, name), one in self._joined.items() if slot == number}
            if not place.look(contacts_of_slot(joined)):
                del self._places[number]
        self._turn_joined()
        self._retire(now)
        self._roll()
        self._judge()
        self._scale(now)
        if not (self._wanted or self._places or self._joined):
            self._over_at = now

    def _turn_joined(self) -> None:
        """They come when their slot is somewhere, which is where they should not be, and go after it."""
        split = self._spec.split
        if split is None:
            return
        for number, slot in self._places.items():
            for name in [f"{split.stage}.{each}" for each in range(split.count)]:
                if (number, name) not in self._joined and slot.contact.node and slot.leaving_since is None:
                    self._joined[number, name] = _Place(number, name, self._start_joined(number, name, slot.contact.node))
        for (number, name), place in list(self._joined.items()):
            if number not in self._places:
                ray.kill(place.actor)
                del self._joined[number, name]
            elif not place.look(contacts_of_joined(place.contact, self._places[number].contact)):
                del self._joined[number, name]

    def _settled(self) -> bool:
        everything = _statuses(self._places) + _statuses(self._joined)
        return self._over_at is not None or all(one.state == "running" for one in everything)

    def _start(self, number: int) -> Any:
        spec = self._spec
        return self._actor(Slot, number, spec.cpus, 0 if spec.split else spec.gpus, "SPREAD").remote(spec, number)

    def _start_joined(self, number: int, name: str, slot_node: str) -> Any:
        spec = self._spec
        assert spec.split
        elsewhere = NodeLabelSchedulingStrategy({}, soft={"ray.io/node-id": NotIn(slot_node)})  # type: ignore[no-untyped-call]
        return self._actor(Joined, f"{number}/{name}", spec.split.cpus, spec.gpus, elsewhere).remote(spec, number, name)

    def _actor(self, kind: type, label: object, cpus: float, gpus: float, strategy: Any) -> Any:
        group = self._spec.placement_group
        if group:
            strategy = PlacementGroupSchedulingStrategy(ray.util.get_placement_group(group))
        return ray.remote(kind).options(
            name=slot_name(self._spec.name, label), namespace=NAMESPACE, lifetime="detached", get_if_exists=True,
            max_restarts=-1, max_concurrency=METHODS_AT_ONCE, num_cpus=cpus, num_gpus=gpus, scheduling_strategy=strategy)

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
        """The next one when the one before runs again."""
        places = {place.status.label: place for place in (*self._places.values(), *self._joined.values())}
        self._rolling = [label for label in self._rolling if label in places and self._wanted]
        if self._rolling and places[self._rolling[0]].roll():
            del self._rolling[0]

    def _judge(self) -> None:
        if not self._wanted:
            return
        end = outcome(_statuses(self._places) + _statuses(self._joined))
        if end is not None:
            self._end = end
            self._wanted = 0

    def _scale(self, now: float) -> None:
        if self._scaler is None or not self._wanted:
            return
        slots = [place.status for place in self._places.values()]
        lag = PipelineStatus(self._spec.name, "running", self._wanted, slots=slots).lag
        self._wanted = self._scaler.decide(now, lag if len(slots) == self._wanted else None, self._wanted, self._least)


def _statuses(places: dict[Any, _Place]) -> list[SlotStatus]:
    return [place.status for _, place in sorted(places.items())]


def start_controller(spec: Spec) -> Any:
    """Throws ValueError if there is one of that name."""
    return ray.remote(Controller).options(
        name=controller_name(spec.name), namespace=NAMESPACE, lifetime="detached", max_restarts=-1,
        max_concurrency=METHODS_AT_ONCE, num_cpus=0,
    ).remote(replace(spec))
