"""rk-run's metrics as metrics of Ray, which the Prometheus that reads Ray's service discovery file finds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ray.util.metrics import Gauge

_SAMPLE = re.compile(r"([a-zA-Z_]\w*)\{(.*)\} (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Of Prometheus' text format, in which each sample of rk-run has labels: name, labels, value."""
    for line in text.splitlines():
        match = _SAMPLE.fullmatch(line)
        if match:
            yield match[1], dict(_LABEL.findall(match[2])), float(match[3])


class SlotMetrics:
    """Every sample is a gauge under its own name, with the label `slot`; Ray puts `ray_` before it. rate() and
    histogram_quantile() ask for the name and the labels only, not for the type."""

    def __init__(self, slot: str):
        self._slot = slot
        self._gauges: dict[str, Gauge] = {}

    def publish(self, text: str) -> None:
        for name, labels, value in samples(text):
            labels["slot"] = self._slot
            if name not in self._gauges:
                self._gauges[name] = Gauge(name, "rk-run(1), METRICS", tag_keys=tuple(labels))
            self._gauges[name].set(value, tags=labels)
