"""One run: a line of processes is started, watched, stopped, and what it wrote is compared with what it read."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time

from main_job import BIN, Broken, Line, check, cpu_seconds, wait_until
from suite.processes import Tree

SAMPLE_S = 0.5
STOP_S = 40
WARM_UP_S = 5  # of a latency run, which do not count


class Programs(Line):
    """A job's processes, those that they start too; none outlives the `with` block."""

    def __init__(self, way, job, stages=None):
        self.way, self.ends = way, way.ends and not job.latency
        self.begin = time.monotonic()
        super().__init__(*(stages or way.commands(job)))
        self.tree = Tree(stage.pid for stage in self.stages)

    def __exit__(self, *error):
        self.tree.update()
        super().__exit__(*error)
        self.tree.kill()

    def check_alive(self):
        for number, stage in enumerate(self.stages):
            good = stage.poll() is None or (self.ends and stage.poll() == 0)
            check(good, f"{self.way.name}: {self.names[number]} exits {stage.poll()}: {self.stderr(number)[-1000:]}")

    def end(self):
        """All has been written: they go, by themselves or after SIGTERM, and leave nothing behind."""
        self.tree.update()
        for stage in self.stages:
            if not self.ends and stage.poll() is None:
                stage.send_signal(signal.SIGTERM)
        codes = self.wait(STOP_S)
        check(all(code == 0 for code in codes),
              f"{self.way.name}: exit codes {dict(zip(self.names, codes))}: {self.stderr(len(codes) - 1)[-1000:]}")
        with contextlib.suppress(Broken):
            wait_until(lambda: not self.tree.update(), 10, "nothing is left")
        check(not self.tree.update(), f"{self.way.name} leaves {len(self.tree.update())} processes behind")


class Memory:
    """The highest PSS of a tree of processes, all together, looked at twice a second."""

    def __init__(self, tree):
        self.tree, self.over = tree, threading.Event()
        self.most = {"mb": 0, "processes": []}
        self.thread = threading.Thread(target=self.sample)

    def sample(self):
        while True:
            found = self.tree.pss()
            mb = sum(size for _, size in found) / 1e6
            if mb > self.most["mb"]:
                self.most = {"mb": mb, "processes": [[name, size / 1e6] for name, size in found]}
            if self.over.wait(SAMPLE_S):
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def delete(kafka, *topics):
    """With those for dead letters that rk-write has made beside them."""
    there = kafka.tool("topic", "list").split()
    kafka.delete(*topics, *(topic + ".dlq" for topic in topics if topic + ".dlq" in there))


def checked(way, job):
    """The number of output records that are as they must be: all of the input once, with what was added."""
    changed = job.kind.added and not way.copies
    args = ["--by", "id", "--added", ",".join(job.kind.added)] if changed else []
    args += ["--group", job.group] if way.commits else []
    args += [] if way.timestamps else ["--ignore-timestamps"]
    found = job.kafka.support("kcheck", job.source, job.output, *args, good=(0, 1))
    wrong = ["missing", "extra", "duplicates", "unchanged", "uncommitted"] + ["disordered_keys"] * way.ordered
    check(all(found[name] == 0 for name in wrong), f"{way.name}: the output is not what the input is: {found}")
    return found["output"]


def measure(way, job, records, *, stages=None, memory=False, interval_ms=10, timeout_s=600):
    """Runs a way over `records`, all that the source holds. Seconds are from the start of the processes; those of CPU
    are of what still runs when all is written."""
    broker = job.kafka.pid()
    broker_before_s = cpu_seconds(broker)
    what = ["-t", job.source, "--group", job.group] if way.transactions else ["-t", job.output]
    watch = [BIN / "support/kwatch", "-b", job.kafka.brokers, *what, "-n", records, "--interval", interval_ms,
             "--timeout", timeout_s]
    with subprocess.Popen(list(map(str, watch)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        try:
            if watching.stdout.readline() != "ready\n":
                raise Broken(watching.stderr.read())
            with Programs(way, job, stages) as programs:
                with Memory(programs.tree) if memory else contextlib.nullcontext() as used:
                    while watching.poll() is None:
                        programs.check_alive()
                        time.sleep(0.02)
                check(watching.returncode == 0, f"{way.name}: {watching.stderr.read()}")
                cpu = {"cpu_s": programs.tree.cpu_seconds(), "broker_cpu_s": cpu_seconds(broker) - broker_before_s}
                programs.end()
        finally:
            watching.kill()
        seen = json.loads(watching.stdout.read())
    first, last = (seen[name] / 1e9 - programs.begin for name in ("first_ns", "last_ns"))
    after = max(last - first, interval_ms / 1000)
    result = {"records": records, "checked": checked(way, job), "first_s": first, "seconds": last,
              "rate": records / last, "warm_rate": (records - seen["first_count"]) / after, **cpu}
    return {**result, "memory_mb": used.most["mb"], "processes": used.most["processes"]} if memory else result


def measure_latency(way, job, rate, seconds):
    """Milliseconds from a record's making to its result, at so many a second; CPU too, that of the start included."""
    with Programs(way, job) as programs:
        said = job.kafka.latency(job.source, job.output, rate, seconds, WARM_UP_S)
        programs.check_alive()
        cpu_s = programs.tree.cpu_seconds()
        programs.end()
    return {"checked": checked(way, job), "records": said["count"], "cpu_s": cpu_s,
            **{name: said[f"{name}_us"] / 1000 for name in ("p50", "p99", "p999", "max")}}

