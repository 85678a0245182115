"""What is decided, and nothing that is done: no Ray, no clock, no process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rk_ray.model import Contact, SlotStatus

UNAVAILABLE, IO, TRY_AGAIN, FENCED = 69, 74, 75, 76
UP_AFTER_S = 15.0
DOWN_AFTER_S = 60.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0
MOST_FENCED = 4
"""Times in a row: then it is no ghost that takes the name, but another pipeline."""


def may_get_better(status: int) -> bool:
    """Whether another start may end in another way: rk-run's own rule (rk-run(1), DESCRIPTION)."""
    return status in (UNAVAILABLE, IO, TRY_AGAIN) or status > 128


def exit_status(returncode: int) -> int:
    """A shell's: 128 + n for death by signal n, which Python calls -n."""
    return 128 - returncode if returncode < 0 else returncode


@dataclass
class Restarts:
    """How long to wait before rk-run, which has tried for itself, is started again: 1 s, doubling to 30 s, from the
    beginning after one that ran for a minute."""

    count: int = 0
    in_a_row: int = 0

    def pause(self, ran_s: float) -> float:
        """It died after so many seconds."""
        self.count += 1
        self.in_a_row = 1 if ran_s >= STEADY_S else self.in_a_row + 1
        return min(FIRST_PAUSE_S * 2.0 ** min(self.in_a_row - 1, 10), LONGEST_PAUSE_S)


def next_state(status: int, told_to_stop: bool, fenced_in_a_row: int = 0, joins: bool = False) -> str:
    """Of a slot whose rk-run has exited. One that joins another has no end of its own. One that is fenced may be a ghost: on a node that was cut off, and whose slot
    Ray has started elsewhere. So it waits until its controller asks for it."""
    if told_to_stop:
        return "stopped"
    if status == 0:
        return "restarting" if joins else "finished"
    if status == FENCED and fenced_in_a_row <= MOST_FENCED:
        return "fenced"
    return "restarting" if may_get_better(status) else "failed"


def outcome(slots: Iterable[SlotStatus]) -> tuple[int, str] | None:
    """How the pipeline ends because of what its slots say, with the reason; None while it goes on. A slot that failed
    ends it at once; slots that finish end it when all have."""
    everything = list(slots)
    for one in everything:
        if one.state == "failed" and one.exit is not None:
            return one.exit, f"slot {one.label} ended with status {one.exit}, which another start would not change"
    ends = [one.state for one in everything if not one.joined]
    return (0, "") if ends and set(ends) == {"finished"} else None


def contacts_of_slot(joined: Mapping[str, Contact]) -> Contact:
    """What a slot is told: the keys of those that are to join it, and of no one else, so a machine that was replaced is not
    let in again. One that has not said its key keeps the one that it had."""
    return Contact(peers={name: one.key for name, one in joined.items()})


def contacts_of_joined(own: Contact, slot: Contact) -> Contact:
    """What a machine that joins is told: where the slot is and its key, once the slot knows its own."""
    if not slot.address or own.key not in slot.peers.values():
        return Contact()
    return Contact(address=slot.address, peers={host_of(slot.address): slot.key})


def host_of(address: str) -> str:
    """Of tcp://HOST:PORT."""
    return address.removeprefix("tcp://").rpartition(":")[0].strip("[]")


class LagScaler:
    """How many slots there are to be, by the lag of the group."""

    def __init__(self, up_lag: int, most: int):
        self._up_lag = up_lag
        self._most = most
        self._high_since: float | None = None
        self._low_since: float | None = None

    def decide(self, now: float, lag: int | None, slots: int, least: int) -> int:
        """Called every second or so. `lag` is None while a slot has not said its own, as after every change: what is not
        known starts both waits again."""
        high = lag is not None and lag > self._up_lag * slots
        low = lag is not None and lag * 10 < self._up_lag
        self._high_since = (now if self._high_since is None else self._high_since) if high else None
        self._low_since = (now if self._low_since is None else self._low_since) if low else None
        step = 0
        if self._high_since is not None and now - self._high_since >= UP_AFTER_S and slots < self._most:
            step = 1
        elif self._low_since is not None and now - self._low_since >= DOWN_AFTER_S and slots > least:
            step = -1
        if step:
            self._high_since = self._low_since = None
        return slots + step
