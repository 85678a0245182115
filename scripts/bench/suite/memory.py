"""PSS of all processes of a way together, under full load: the peak of the sum; the broker is not in it."""

from suite import report
from suite.case import Case, Sources
from suite.ways import KINDS


class Memory(Case):
    def __init__(self, kind, ways, wants):
        super().__init__(f"memory-{kind}", KINDS[kind], ways)
        self.wants = wants

    def run(self, kafka, options):
        records = options.records or self.kind.records
        with Sources(kafka, self.kind) as sources:
            def once(way):
                run = self.once(kafka, sources, way, records, memory=True)
                parts = ", ".join(f"{name} {size:.0f}" for name, size in run["processes"][:4])
                self.say(way.name, f"{run['memory_mb']:7.0f} MB in {len(run['processes'])} processes ({parts} …)", run)
                return run
            runs = self.alternate(options, once)
        rows = {name: report.spread([run["memory_mb"] for run in found]) for name, found in runs.items()}
        share = {name: rows["rk"]["median"] / row["median"] for name, row in rows.items() if name != "rk"}
        wanted = [report.at_most(f"memory, times that of {name}", share.get(name), bound)
                  for name, bound in self.wants.items()]
        return {"unit": "MB", "runs": runs, "ways": rows, "ratios": share, "wanted": wanted}
