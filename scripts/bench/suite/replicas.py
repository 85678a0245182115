"""One, two and four rk-infer in an rk-run, beside each other: what more of them bring."""

import shlex
from dataclasses import replace

from main_job import BIN, MODELS, rk_infer
from suite import report
from suite.case import PARTITIONS, Case, Sources
from suite.runs import delete, measure
from suite.ways import KINDS, WAYS, Job, Kind, rk

COUNTS = (1, 2, 4)
# A call of some 5 ms of a core, whatever its rows: compute-bound, as nothing else here is.
SLOW = Kind("slow", [rk_infer(MODELS / "slow.pt", "--input", "features:f32[16]", "--output", "score", "--max-batch", 50)],
            ("score",), records=50_000)


class Replicas(Case):
    run_s = {"rk": 27}

    def __init__(self, kind, rounds, wanted=None):
        kind = SLOW if kind == "slow" else KINDS[kind]
        super().__init__(f"replicas-{kind.name}", kind, ["rk"])
        self.rounds, self.wanted = rounds, wanted

    def run(self, kafka, options):
        records = options.records or self.kind.records
        with Sources(kafka, self.kind) as sources:
            runs = self.alternate(options, lambda _: {count: self.replicas(kafka, sources, records, count)
                                                      for count in COUNTS})["rk"]
        rates = {count: [each[count]["warm_rate"] for each in runs] for count in COUNTS}
        ratios = {str(count): report.ratio(rates[count], rates[1]) for count in COUNTS}
        wanted = [] if self.wanted is None else [report.at_least("two replicas, times the rate of one", ratios["2"], self.wanted)]
        return {"unit": "records/s", "runs": {str(count): [each[count] for each in runs] for count in COUNTS},
                "ways": {str(count): report.spread(found) for count, found in rates.items()}, "wanted": wanted,
                "to_one": ratios}

    def replicas(self, kafka, sources, records, count):
        output = kafka.topic(PARTITIONS)
        job = Job(kafka, self.kind, sources.of(records), output)
        line = " | ".join(shlex.join(map(str, stage)) for stage in rk(job, read=["--batch-size", 50] if self.kind is SLOW else ()))
        stages = [[BIN / "rk-run", "--replicas", f"infer={count}", line]]
        try:
            run = measure(replace(WAYS["rk"], name=f"{count} replicas"), job, records, stages=stages)
        finally:
            delete(kafka, output)
        self.say(f"{count} replicas", f"{run['warm_rate']:11,.0f} records/s from the first result, after {run['first_s']:.2f} s", run)
        return run
