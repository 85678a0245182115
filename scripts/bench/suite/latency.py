"""From event to result at a given rate, two trips over the broker included: what a consumer of the output sees."""

from suite import report
from suite.case import PARTITIONS, Case
from suite.runs import delete, measure_latency
from suite.ways import KINDS, WAYS, Job

AROUND_S = 6  # what a run takes beside its seconds
ACTORS_RATE = 50  # a fifth of what they can: more would measure their queues
ACTORS_START_S = 40


class Latency(Case):
    ours = "rk"

    def __init__(self, kind, rate, seconds=15, wants=(), ways=("rk", "limit", "streams")):
        super().__init__(f"latency-{kind}-{rate}", KINDS[kind], list(ways))
        self.rate, self.seconds, self.wants = rate, seconds, wants

    def expected_s(self, options):
        each = (options.seconds or self.seconds) + AROUND_S
        rounds = options.rounds or self.rounds
        return rounds * sum(each + ACTORS_START_S * WAYS[way].slow for way in options.chosen(self.ways))

    def run(self, kafka, options):
        seconds = options.seconds or self.seconds

        def once(way):
            rate = ACTORS_RATE if way.slow else self.rate
            run = self.stream(kafka, way, rate, seconds)
            self.say(way.name, f"{rate:5}/s  p50 {run['p50']:8.2f}  p99 {run['p99']:8.2f}  p99.9 {run['p999']:8.2f}  "
                               f"max {run['max']:8.2f} ms, CPU {1000 * run['cpu_s'] / run['checked']:.2f} ms a record", run)
            return {"rate": rate, **run}
        return self.judged(self.alternate(options, once))

    def stream(self, kafka, way, rate, seconds):
        source, output = kafka.topic(PARTITIONS), kafka.topic(PARTITIONS)
        try:
            return measure_latency(way, Job(kafka, self.kind, source, output, latency=True), rate, seconds)
        finally:
            delete(kafka, source, output)

    def judged(self, runs):
        rows = {f"{name} {which}": report.spread([run[which] for run in found])
                for name, found in runs.items() for which in ("p50", "p99", "p999")}
        ratios = {f"{name} {which}": rows[f"{self.ours} {which}"]["median"] / rows[f"{name} {which}"]["median"]
                  for name in runs if name != self.ours for which in ("p50", "p99")}
        wanted = [report.at_most(f"median {which}, times the limit's", ratios.get(f"limit {which}"), 2)
                  for which in self.wants]
        return {"unit": "ms", "rate": self.rate, "runs": runs, "ways": rows, "ratios": ratios, "wanted": wanted}
