"""Ways beside each other over the same records: records a second."""

from suite import report
from suite.case import Case, Sources
from suite.ways import KINDS, WAYS


class Throughput(Case):
    def __init__(self, kind, ways, wants):
        super().__init__(kind, KINDS[kind], ways)
        self.wants = wants

    def run(self, kafka, options):
        records = options.records or self.kind.records
        with Sources(kafka, self.kind) as sources:
            def once(way):
                run = self.once(kafka, sources, way, records)
                self.say(way.name, f"{run['rate']:11,.0f} records/s, {run['warm_rate']:11,.0f} from the first result, after "
                                   f"{run['first_s']:.2f} s", run)
                return run
            return self.judged(self.alternate(options, once))

    def judged(self, runs):
        """Slow peers' rates are from their first result on, to their favour."""
        rates = {name: [run["warm_rate" if WAYS[name].slow else "rate"] for run in found] for name, found in runs.items()}
        ratios = {name: report.ratio(rates["rk"], found) for name, found in rates.items() if name != "rk"}
        wanted = [report.at_least(f"rate, times that of {name}", ratios.get(name), bound)
                  for name, bound in self.wants.items()]
        return {"unit": "records/s", "runs": runs, "ways": {name: report.spread(found) for name, found in rates.items()},
                "ratios": ratios, "wanted": wanted}
