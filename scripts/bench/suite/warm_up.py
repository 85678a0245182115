"""A broker just started compiles for most of a minute: what is measured meanwhile is that."""

import time

from suite.case import Sources
from suite.ways import WAYS

COPY_S = 45
STREAM_S = 15


def warm_up(kafka, copying, streaming):
    """A minute of the two ways in which cases use it, of a throughput case and a latency case."""
    until = time.monotonic() + COPY_S
    with Sources(kafka, copying.kind) as sources:
        while time.monotonic() < until:
            copying.once(kafka, sources, WAYS["rk"], copying.kind.records)
    streaming.stream(kafka, WAYS["rk"], streaming.rate, STREAM_S)
