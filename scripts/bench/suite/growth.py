"""What a record costs when there is more of something: time and memory of it must not grow with that."""

from dataclasses import dataclass, replace
from typing import Callable

from suite import report
from suite.runs import delete, measure
from suite.ways import KINDS, WAYS, Job, rk

AT_MOST = 1.25  # times; what differs between two runs of one thing is less
PAYLOAD_BYTES = 1_000_000_000  # that a run of the payload case moves, but a million records at most


@dataclass(frozen=True)
class Point:
    """Where a run is."""

    records: int = 1_000_000
    partitions: int = 4
    fill: tuple = ()
    read: tuple = ()  # options
    infer: tuple = ()


def partitioned(count, records):
    """With record batches as large as Java's producers make them: a consumer takes no less than one of a partition."""
    return Point(records, partitions=count, fill=("-X", "batch.size=16384"))


def payload(size, _):
    return Point(records=max(1000, min(1_000_000, PAYLOAD_BYTES // size)), fill=("--numbers", 0, "--size", size))


def batch(rows, records):
    return Point(records=min(records, 100_000 * rows), read=("--batch-size", rows), infer=("--max-batch", rows))


@dataclass(frozen=True)
class Growth:
    """Runs of ours alone over growing points. What is compared is the last with the one at `base`."""

    what: str
    kind: str
    points: tuple
    point: Callable  # of a value, and of how many records there usually are
    base: int
    cost: str = "record"  # or byte: what the time is of
    memory: bool = True  # whether it must not grow either
    rounds: int = 2

    failed = ()

    @property
    def name(self):
        return f"growth-{self.what}"

    @property
    def ways(self):
        return ["rk"]

    def expected_s(self, options):
        each = 27 if self.what == "records" else 8
        return len(self.points) * each * ((options.rounds or self.rounds) + 2)

    def run(self, kafka, options):
        runs = {}
        for value in self.points:
            runs[value] = self.runs_at(kafka, value, self.point(value, options.records or 1_000_000), options)
        return self.judged(runs)

    def runs_at(self, kafka, value, point, options):
        source = kafka.topic(point.partitions)
        kind = replace(KINDS[self.kind], fill=point.fill)
        kafka.fill(source, "-n", point.records, *kind.fill)
        try:
            runs = [self.once(kafka, Job(kafka, kind, source, kafka.topic(point.partitions)), value, point)
                    for _ in range(1 + (options.rounds or self.rounds))]
            return runs[1:]  # the broker may be a cold one in the first
        finally:
            delete(kafka, source)

    def once(self, kafka, job, value, point):
        try:
            run = measure(WAYS["rk"], job, point.records, stages=rk(job, point.read, point.infer), memory=True)
        finally:
            delete(kafka, job.output)
        of = value if self.cost == "byte" else 1
        run["us"] = 1e6 / run["warm_rate"] / of * (1000 if self.cost == "byte" else 1)
        print(f"{self.name:20} {value:10,} {run['us']:8.2f} µs a {self.unit}, {run['memory_mb']:6.0f} MB, "
              f"{run['checked']:,} records checked", flush=True)
        return run

    @property
    def unit(self):
        return "kB" if self.cost == "byte" else "record"

    def judged(self, runs):
        time = {str(value): report.spread([run["us"] for run in found]) for value, found in runs.items()}
        memory = {str(value): report.spread([run["memory_mb"] for run in found]) for value, found in runs.items()}
        last, base = str(self.points[-1]), str(self.base)
        wanted = [report.at_most(f"time a {self.unit} at {last}, times that at {base}",
                                 time[last]["median"] / time[base]["median"], AT_MOST)]
        if self.memory:
            wanted.append(report.at_most(f"memory at {last}, times that at {base}",
                                         memory[last]["median"] / memory[base]["median"], AT_MOST))
        return {"unit": f"µs a {self.unit}", "runs": {str(value): found for value, found in runs.items()}, "ways": time,
                "memory": memory, "wanted": wanted}
