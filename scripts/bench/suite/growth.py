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
    """Runs of ours over growing points. What is compared is the last with the one at `base`."""

    what: str
    kind: str
    points: tuple
    point: Callable  # of a value, and of how many records there usually are
    base: int
    cost: str = "record"  # or byte: what the time is of
    memory: bool = True  # whether it must not grow either
    broker: bool = False  # whether it costs the broker too: its CPU is told, and what the plain loop costs it
    rounds: int = 5

    failed = ()

    @property
    def name(self):
        return f"growth-{self.what}"

    @property
    def ways(self):
        return ["rk", "limit"] if self.broker else ["rk"]

    def expected_s(self, options):
        each = 27 if self.what == "records" else 8 * len(options.chosen(self.ways))
        return len(self.points) * each * ((options.rounds or self.rounds) + 1)

    def run(self, kafka, options):
        runs = {value: self.runs_at(kafka, value, self.point(value, options.records or 1_000_000), options)
                for value in self.points}
        return self.judged(runs)

    def runs_at(self, kafka, value, point, options):
        source = kafka.topic(point.partitions)
        kind = replace(KINDS[self.kind], fill=point.fill)
        kafka.fill(source, "-n", point.records, *kind.fill)
        try:
            return [{way: self.once(kafka, way, kind, source, value, point) for way in options.chosen(self.ways)}
                    for _ in range(options.rounds or self.rounds)]
        finally:
            delete(kafka, source)

    def once(self, kafka, way, kind, source, value, point):
        job = Job(kafka, kind, source, kafka.topic(point.partitions))
        stages = rk(job, point.read, point.infer) if way == "rk" else None
        try:
            run = measure(WAYS[way], job, point.records, stages=stages, memory=True)
        finally:
            delete(kafka, job.output)
        each = value / 1000 if self.cost == "byte" else 1
        run["us"] = 1e6 / run["warm_rate"] / each
        run["cpu_us"], run["broker_cpu_us"] = (1e6 * run[which] / point.records / each
                                               for which in ("cpu_s", "broker_cpu_s"))
        print(f"{self.name:20} {value:10,} {way:5} {run['us']:8.2f} µs a {self.unit}, {run['memory_mb']:6.0f} MB, "
              f"CPU of its own {run['cpu_us']:.2f}, of the broker {run['broker_cpu_us']:.2f} µs, "
              f"{run['checked']:,} records checked", flush=True)
        return run

    @property
    def unit(self):
        return "kB" if self.cost == "byte" else "record"

    def judged(self, rounds):
        def spread(which, way="rk"):
            return {str(value): report.spread([each[way][which] for each in found]) for value, found in rounds.items()}
        last, base = str(self.points[-1]), str(self.base)

        def growth(what, spreads):
            return report.at_most(f"{what} at {last}, times that at {base}",
                                  spreads[last]["median"] / spreads[base]["median"], AT_MOST)
        time, memory = spread("us"), spread("memory_mb")
        wanted = [growth(f"time a {self.unit}", time)]
        if self.memory:
            wanted.append(growth("memory", memory))
        beside = {}
        if self.broker:
            beside = {"CPU of ours, µs": spread("cpu_us"), "of the broker by rk, µs": spread("broker_cpu_us")}
            wanted.append(growth(f"CPU of ours a {self.unit}", beside["CPU of ours, µs"]))
        if "limit" in rounds[self.base][0]:
            beside["of the broker by limit, µs"] = spread("broker_cpu_us", "limit")
        runs = {str(value): [run for each in found for run in each.values()] for value, found in rounds.items()}
        return {"unit": f"µs a {self.unit}", "runs": runs, "ways": time, "memory": memory, "beside": beside,
                "wanted": wanted}
