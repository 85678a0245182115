"""Exactly once beside Kafka Streams' exactly_once_v2, both committing as often, and beside ours at least once."""

from suite import report
from suite.latency import Latency
from suite.throughput import Throughput

OURS, THEIRS = "rk-exactly-once", "streams-exactly-once"


class ExactlyOnce(Throughput):
    """Until the last record is committed."""

    def __init__(self, kind, wants):
        super().__init__(kind, [OURS, THEIRS, "rk"], wants)
        self.name = f"exactly-once-{kind}"

    def judged(self, runs):
        rates = {name: [run["rate"] for run in found] for name, found in runs.items()}
        ratios = {name: report.ratio(rates[OURS], found) for name, found in rates.items() if name != OURS}
        wanted = [report.at_least(f"rate, times that of {name}", ratios.get(name), bound)
                  for name, bound in self.wants.items()]
        return {"unit": "records/s", "runs": runs, "ways": {name: report.spread(found) for name, found in rates.items()},
                "ratios": ratios, "wanted": wanted}


class ExactlyOnceLatency(Latency):
    """As a read_committed consumer sees it."""

    ours = OURS

    def __init__(self, kind, rate):
        super().__init__(kind, rate, ways=(OURS, THEIRS, "rk"))
        self.name = f"exactly-once-{self.name}"

    def judged(self, runs):
        result = super().judged(runs)
        return {**result, "wanted": [report.at_most(f"p50, times that of {THEIRS}", result["ratios"].get(f"{THEIRS} p50"), 1)]}
