"""A broker just started compiles for most of a minute: what is measured meanwhile is that."""

import itertools
import time

from suite.case import Sources
from suite.ways import WAYS

COPY_S = 45
STREAM_S = 15


def warm_up(kafka, copying, streaming, ways):
    """A minute of the two ways in which cases use it, of a throughput case and a latency case. Of `ways`, ours, those that
    are measured: a broker makes its topic of transactions when the first one comes."""
    until = time.monotonic() + COPY_S
    with Sources(kafka, copying.kind) as sources:
        for way in itertools.cycle(ways):
            copying.once(kafka, sources, WAYS[way], copying.kind.records)
            if time.monotonic() > until:
                break
    streaming.stream(kafka, WAYS["rk"], streaming.rate, STREAM_S)
