"""What every case does: ways in turn over the same work, a line for each run, a verdict at the end."""

import sys

from main_job import Broken
from suite.runs import delete, measure
from suite.ways import WAYS, Job

PARTITIONS = 4


class Sources:
    """The input topics of a case, each filled once, by how many records are in it."""

    def __init__(self, kafka, kind):
        self.kafka, self.kind, self.topics = kafka, kind, {}

    def of(self, records):
        if records not in self.topics:
            self.topics[records] = self.kafka.topic(PARTITIONS)
            self.kafka.fill(self.topics[records], "-n", records, *self.kind.fill)
        return self.topics[records]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        delete(self.kafka, *self.topics.values())


def rotated(items, number):
    """Each round begins with another one, so that none is always the first or behind the same."""
    start = number % len(items)
    return items[start:] + items[:start]


class Case:
    rounds = 5
    run_s = {"kcat": 8, "limit": 8, "rk": 8, "onnx": 8, "before": 8, "streams": 18, "dataset": 30, "actors-1": 75, "actors-4": 60,
             "rk-exactly-once": 9, "streams-exactly-once": 25}

    def __init__(self, name, kind, ways):
        self.name, self.kind, self.ways = name, kind, ways
        self.failed = []  # peers

    def expected_s(self, options):
        return 20 + (options.rounds or self.rounds) * sum(self.run_s[way] for way in options.chosen(self.ways))

    def alternate(self, options, once):
        """{way: results} of `once` for each way in each round. A peer that fails is said so and left out from then
        on; ours must not."""
        ways = options.chosen(self.ways)
        runs = {way: [] for way in ways}
        for number in range(options.rounds or self.rounds):
            for way in rotated(ways, number):
                if len(runs[way]) < number:
                    continue
                try:
                    runs[way].append(once(WAYS[way]))
                except Broken as error:
                    if way.startswith("rk"):
                        raise
                    self.failed.append(way)
                    print(f"{self.name}: {way} failed: {error}", file=sys.stderr, flush=True)
        return {way: found for way, found in runs.items() if found}

    def once(self, kafka, sources, way, records, **how):
        """One run into a fresh topic."""
        records = min(records, way.records or records)
        source, output = sources.of(records), kafka.topic(PARTITIONS)
        try:
            return measure(way, Job(kafka, self.kind, source, output), records, **how)
        finally:
            delete(kafka, output)

    def say(self, what, text, run):
        print(f"{self.name:20} {what:10} {text}, {run['checked']:,} records checked", flush=True)
