"""What a pipeline on a cluster is told and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NAMESPACE = "rk-ray"
"""Of the actors of all pipelines."""


class RkRayError(Exception):
    """What cannot be done, in words for people, and the exit status that says so (after sysexits.h)."""

    def __init__(self, message: str, status: int):
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Split:
    """A stage that runs on other machines than the ends of its slot (`hosts` in the pipeline file)."""

    stage: str
    count: int = 1
    """Machines a slot."""
    cpus: float = 1
    """What one of them takes of its node, beside the GPUs, which are all theirs."""


@dataclass(frozen=True)
class Spec:
    """A pipeline as it was started."""

    name: str
    text: str
    """Of the pipeline file."""
    file: str
    """Where it is, from the working directory of the job."""
    slots: int = 1
    cpus: float = 1
    gpus: float = 0
    """What one slot takes of its node."""
    scale_up_lag: int | None = None
    max_slots: int | None = None
    """None: the number of slots stays as it is told."""
    placement_group: str | None = None
    """None: spread over the nodes."""
    split: Split | None = None
    """None: a slot is all on one node."""


@dataclass(frozen=True)
class Contact:
    """What a slot and a machine that joins it have to know of each other to meet. Secret keys never leave their actor."""

    key: str = ""
    """Of the one who says this: its public key."""
    address: str = ""
    """Where the slot listens."""
    peers: dict[str, str] = field(default_factory=dict)
    """The public keys of others that it knows, by name."""
    node: str = ""
    """Ray's id of the node that it is on."""


@dataclass(frozen=True)
class SlotStatus:
    """How one slot is doing, or a machine that joins it."""

    slot: int
    state: str
    """pending (no node has room), moving (its node or its process is lost), waiting (for the slot that it is to join),
    starting, running, restarting, draining, rolling (its rk-run ends, to be started anew),
    fenced (another one has its name in the group),
    finished (at its own end), stopped (it was told to), failed."""
    node: str = ""
    pid: int | None = None
    """Of rk-run."""
    restarts: int = 0
    """Of rk-run since the slot came to this node."""
    exit: int | None = None
    """rk-run's last exit status."""
    report: dict[str, Any] | None = None
    """What `rk-run --status=json` says; None while there is no such pipeline."""
    joined: str = ""
    """Of a machine that joins the slot: the stage and a number, as infer.0."""

    @property
    def label(self) -> str:
        return f"{self.slot}/{self.joined}" if self.joined else str(self.slot)

    @property
    def lag(self) -> int | None:
        """Records on the brokers that are not acknowledged yet, in the partitions of this slot."""
        return _sum(self.report, "lag")

    @property
    def rate(self) -> float | None:
        """Records written a second."""
        stages = self.report["stages"] if self.report else []
        return float(stages[-1]["records_per_second"]) if stages else None


@dataclass(frozen=True)
class PipelineStatus:
    """How a pipeline is doing."""

    name: str
    state: str
    """running, stopping or ended."""
    wanted: int
    """Slots."""
    exit: int | None = None
    """Once it has ended."""
    reason: str = ""
    """Why it ended, where that was no success."""
    slots: list[SlotStatus] = field(default_factory=list)
    rolling: list[str] = field(default_factory=list)
    """Which are still to be started anew, by label, the first of them now."""
    joined: list[SlotStatus] = field(default_factory=list)
    """The machines that join the slots."""

    @property
    def lag(self) -> int | None:
        """Of the whole group; None unless every slot that is wanted has said its own."""
        lags = [one.lag for one in self.slots]
        known = [lag for lag in lags if lag is not None]
        return sum(known) if len(known) == len(lags) >= self.wanted else None


def _sum(report: dict[str, Any] | None, key: str) -> int | None:
    values = [stage[key] for stage in (report or {}).get("stages", []) if key in stage]
    return sum(values) if values else None
