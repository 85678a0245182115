"""From the start of the processes to the first result: fixed partitions, nothing to subscribe to, all files cached."""

from suite import report
from suite.case import PARTITIONS, Case, Sources
from suite.runs import delete, measure
from suite.ways import KINDS, Job, rk

RECORDS = 1000
WANTED_S = 1.0


class Startup(Case):
    rounds = 10
    run_s = {"rk": 2, "streams": 5}

    def __init__(self, kind, ways=("rk", "streams")):
        super().__init__(f"startup-{kind}", KINDS[kind], list(ways))

    def run(self, kafka, options):
        with Sources(kafka, self.kind) as sources:
            def once(way):
                output = kafka.topic(PARTITIONS)
                job = Job(kafka, self.kind, sources.of(RECORDS), output)
                stages = rk(job, read=["-p", "all", "-o", "beginning"]) if way.name == "rk" else None
                try:
                    run = measure(way, job, RECORDS, stages=stages, interval_ms=2)
                finally:
                    delete(kafka, output)
                self.say(way.name, f"first result after {run['first_s']:.3f} s", run)
                return run
            runs = self.alternate(options, once)
        rows = {name: report.spread([run["first_s"] for run in found]) for name, found in runs.items()}
        wanted = [report.at_most("seconds to the first result, median", rows["rk"]["median"], WANTED_S)]
        return {"unit": "s", "runs": runs, "ways": rows, "wanted": wanted}
