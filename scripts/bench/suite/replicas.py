"""One, two and four rk-infer in an rk-run, beside each other: what more of them bring."""

import shlex
from dataclasses import replace

from main_job import BIN
from suite import report
from suite.case import PARTITIONS, Case, Sources
from suite.runs import delete, measure
from suite.ways import KINDS, WAYS, Job, rk

COUNTS = (1, 2, 4)


class Replicas(Case):
    run_s = {"rk": 27}

    def __init__(self, kind):
        super().__init__(f"replicas-{kind}", KINDS[kind], ["rk"])

    def run(self, kafka, options):
        records = options.records or self.kind.records
        with Sources(kafka, self.kind) as sources:
            runs = self.alternate(options, lambda _: {count: self.replicas(kafka, sources, records, count)
                                                      for count in COUNTS})["rk"]
        rates = {count: [each[count]["warm_rate"] for each in runs] for count in COUNTS}
        ratios = {str(count): report.ratio(rates[count], rates[1]) for count in COUNTS}
        return {"unit": "records/s", "runs": {str(count): [each[count] for each in runs] for count in COUNTS},
                "ways": {str(count): report.spread(found) for count, found in rates.items()}, "wanted": [],
                "to_one": ratios}

    def replicas(self, kafka, sources, records, count):
        output = kafka.topic(PARTITIONS)
        job = Job(kafka, self.kind, sources.of(records), output)
        line = " | ".join(shlex.join(map(str, stage)) for stage in rk(job))
        stages = [[BIN / "rk-run", "--replicas", f"infer={count}", line]]
        try:
            run = measure(replace(WAYS["rk"], name=f"{count} replicas"), job, records, stages=stages)
        finally:
            delete(kafka, output)
        self.say(f"{count} replicas", f"{run['warm_rate']:11,.0f} records/s from the first result, after "
                                      f"{run['first_s']:.2f} s", run)
        return run
