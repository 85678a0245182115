"""CPU of all processes of a way together, user and system, from their start to their exit; the broker is not in it."""

import resource

from main_job import Line
from suite import report
from suite.case import PARTITIONS, Case, Sources
from suite.runs import checked, delete
from suite.ways import KINDS, Job

TIMEOUT_S = 120


def children_s():
    """Of all children that were waited for, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime, used.ru_stime


class Cpu(Case):
    """Only ways that end by themselves: what is counted is counted when a process has gone."""

    def __init__(self, kind, ways, wants):
        super().__init__(f"cpu-{kind}", KINDS[kind], ways)
        self.wants = wants

    def run(self, kafka, options):
        records = options.records or self.kind.records
        with Sources(kafka, self.kind) as sources:
            def once(way):
                run = self.spent(kafka, sources.of(records), way)
                self.say(way.name, f"{run['user_s']:5.2f} s user, {run['system_s']:5.2f} s system", run)
                return run
            return self.judged(self.alternate(options, once))

    def spent(self, kafka, source, way):
        output = kafka.topic(PARTITIONS)
        job = Job(kafka, self.kind, source, output, ends=True)
        try:
            before = children_s()
            with Line(*way.commands(job)) as line:
                line.finish(TIMEOUT_S)
            user_s, system_s = (after - begin for after, begin in zip(children_s(), before))
            return {"user_s": user_s, "system_s": system_s, "checked": checked(way, job)}
        finally:
            delete(kafka, output)

    def judged(self, runs):
        spent = {name: [run["user_s"] + run["system_s"] for run in found] for name, found in runs.items()}
        ratios = {name: report.ratio(spent["rk"], found) for name, found in spent.items() if name != "rk"}
        wanted = [report.at_most(f"CPU, times that of {name}", ratios.get(name), bound)
                  for name, bound in self.wants.items()]
        return {"unit": "CPU s", "runs": runs, "ways": {name: report.spread(found) for name, found in spent.items()},
                "ratios": ratios, "wanted": wanted}
