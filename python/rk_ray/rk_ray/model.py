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


@dataclass(frozen=True)
class SlotStatus:
    """How one slot is doing."""

    slot: int
    state: str
    """pending (no node has room), moving (its node or its process is lost), starting, running, restarting, draining,
    rolling (its rk-run ends, to be started anew),
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
    rolling: list[int] = field(default_factory=list)
    """Slots that are still to be started anew, the first of them now."""

    @property
    def lag(self) -> int | None:
        """Of the whole group; None unless every slot that is wanted has said its own."""
        lags = [one.lag for one in self.slots]
        known = [lag for lag in lags if lag is not None]
        return sum(known) if len(known) == len(lags) >= self.wanted else None


def _sum(report: dict[str, Any] | None, key: str) -> int | None:
    values = [stage[key] for stage in (report or {}).get("stages", []) if key in stage]
    return sum(values) if values else None
