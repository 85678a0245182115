#!/usr/bin/env python3
"""Exactly once, blow by blow: a million records pass while every stage is killed, or stopped and woken, fifty times;
while members join and leave every three seconds; while the broker is killed, frozen and cut off. Another program sees
each result once, in the order of its partition.

    tests/faults/exactly-once_soak.py [kills-1|kills-3|stops-1|stops-3|pipe|members-range|members-cooperative|broker]...

RK_RECORDS (1000000), RK_BLOWS (50, for each kind of stage), RK_SEED. tests/faults/chaos --exactly-once mixes them."""

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from exactly_once_job import exactly_once_line, judge
from fault_job import ProxiedKafka
from main_job import BIN, SOURCE, Broken, Kafka, check, wait_until
from pipeline_job import Pipeline, alive, section

RECORDS = int(os.environ.get("RK_RECORDS", "1000000"))
BLOWS = int(os.environ.get("RK_BLOWS", "50"))
SEED = int(os.environ.get("RK_SEED", str(random.randrange(1000000))))
PARTITIONS = 6
SHORT_SESSION = ("-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=500")
STAMP = ([BIN / "rk-map", "--stamp"],)


class Trial:
    """A topic that fills in so many seconds, and where its results go."""

    def __init__(self, kafka, seconds):
        self.kafka, self.draw, self.counts = kafka, random.Random(SEED), {}
        self.source, self.output = kafka.topic(PARTITIONS), kafka.topic(PARTITIONS)
        self.group = f"g-{self.output}"
        self.filling = subprocess.Popen([BIN / "support/kfill", "-b", kafka.brokers, "-t", self.source, "-n", str(RECORDS),
                                         "--rate", str(int(RECORDS / seconds) if seconds else 0)], stdout=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.filling.kill()
        self.filling.wait()

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def wait_done(self, look=lambda: None):
        while self.filling.poll() is None:
            look()
            time.sleep(0.1)
        check(self.filling.returncode == 0, "kfill failed")
        self.wait_committed(look)

    def wait_committed(self, look):
        """However long that takes, as long as it goes on."""
        end, done, since = self.kafka.written(self.source), -1, time.monotonic()
        while done != end:
            look()
            before, done = done, self.committed()
            since = since if before == done else time.monotonic()
            check(time.monotonic() - since < 100, f"it stands still: {done} of {end} are committed")
            time.sleep(0.5)

    def committed(self):
        return sum(self.kafka.committed(self.group, self.source).values())

    def wait_more(self, line, blow):
        """Until something that came after the blow is committed: so each hits a line that works."""
        before, until = self.committed(), time.monotonic() + 100
        while self.committed() == before:
            check(line.alive(), f"a stage has ended after it was {blow}: {line.stderr(0)[-500:]}{line.stderr(2)[-500:]}")
            check(time.monotonic() < until, f"nothing was committed for 100 s after it was {blow}")
            time.sleep(0.2)

    def judge(self):
        total = judge(self.kafka, self.source, self.output, PARTITIONS)
        check(total == RECORDS, f"{total} records were filled")
        self.kafka.delete(self.source, self.output)
        return f"{total} records; " + ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items()))


def strike_all(kafka, writers, strike, pause_s):
    """`strike(trial, pid)` to each kind of stage BLOWS times, in an order that is drawn."""
    with Trial(kafka, 4 * BLOWS * pause_s) as trial:
        stages = [section("read", f"rk-read -b {kafka.brokers} -t {trial.source} -G {trial.group} --batch-size 100",
                          replicas=1 if writers == 1 else 2),
                  section("map", "rk-map --stamp", replicas=2),
                  section("write", f"rk-write -b {kafka.brokers} -t {trial.output} -p same", replicas=writers, exactly_once=True)]
        with Pipeline(*stages, options=["-v"]) as run:
            run.wait_ready()
            victims = ["read", "map", "balance", "write"] * BLOWS
            trial.draw.shuffle(victims)
            for kind in victims:
                time.sleep(trial.draw.uniform(0, 2 * pause_s))
                wait_until(lambda: pids_of(run, kind), 60, f"there is a {kind}")
                if strike(trial, trial.draw.choice(pids_of(run, kind))):
                    trial.count(f"{kind} hit")
                check(run.process.poll() is None, "rk-run has ended")
            wait_until(lambda: not trial.counts.get("asleep"), 90, "all are awake")
            del trial.counts["asleep"]
            trial.wait_done()
            trial.counts["deaths"] = len(run.logged("died stage="))
            trial.counts["woken writers"] = len(run.logged("requested replay of what was not stored"))
            code, _ = run.stop(30)
            check(code == 0, f"rk-run exits {code}: {run.log()[-3000:]}")
        return trial.judge()


def pids_of(run, kind):
    """Balances are named after what they stand before."""
    last = dict(run.logged(r"started stage=(\S+) pid=(\d+)"))
    names = [name for name in last if ("balance" in name if kind == "balance" else re.fullmatch(rf"{kind}\.\d+", name))]
    return [int(last[name]) for name in names if alive(int(last[name]))]


def send(pid, number):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def kill(trial, pid):
    trial.counts["asleep"] = 0
    return send(pid, signal.SIGKILL)


def stop(trial, pid):
    """For 2 to 60 s, mostly shortly."""
    if not send(pid, signal.SIGSTOP):
        return False
    trial.counts["asleep"] = trial.counts.get("asleep", 0) + 1

    def wake():
        send(pid, signal.SIGCONT)
        trial.counts["asleep"] -= 1
    threading.Timer(2 * 30 ** trial.draw.random(), wake).start()
    return True


def pipe(kafka):
    """A shell's pipe, started again whenever one of its stages is killed."""
    with Trial(kafka, 3 * BLOWS * 2) as trial:
        line = None

        def keep_running():
            nonlocal line
            if line and all(stage.poll() is not None for stage in line.stages):
                line.__exit__(None)
                line = None
            line = line or exactly_once_line(kafka, trial.source, trial.output, trial.output, *SHORT_SESSION, "--instance",
                                             trial.output, middle=STAMP)
        victims = [0, 1, 2] * BLOWS
        trial.draw.shuffle(victims)
        try:
            for victim in victims:
                end = time.monotonic() + trial.draw.uniform(0.5, 3)
                while time.monotonic() < end:
                    keep_running()
                    time.sleep(0.02)
                wait_until(lambda: keep_running() or line.stages[victim].poll() is None, 30, "the line runs", 0.01)
                line.stages[victim].kill()
                trial.count(f"{line.names[victim]} killed")
            trial.wait_done(keep_running)
            check(line.stop() == [0, 0, 0], "the line failed")
        finally:
            line.__exit__(None)
        return trial.judge()


def members(kafka, strategy):
    """A line of pipes stays; others join and leave, half of them killed whole."""
    with Trial(kafka, 3 * BLOWS) as trial:
        def member(name):
            return exactly_once_line(kafka, trial.source, trial.output, f"{trial.output}-{name}", *SHORT_SESSION, "-X",
                                     f"partition.assignment.strategy={strategy}")
        guests = []
        with member("stays") as stays:
            try:
                for number in range(BLOWS):
                    time.sleep(3)
                    if number % 4 in (0, 1):
                        guests.append(member(f"guest-{number}"))
                        trial.count("joined")
                        continue
                    with guests.pop(0) as guest:
                        if number % 4 == 2:
                            check(guest.stop() == [0, 0], "a guest failed")
                            trial.count("left")
                        else:
                            for stage in guest.stages:
                                stage.kill()
                            trial.count("killed")
                    check(stays.alive(), "the line that stays has ended")
                trial.wait_done()
                check(stays.stop() == [0, 0], "the line that stays failed")
            finally:
                for guest in guests:
                    guest.__exit__(None)
        return trial.judge()


def broker(kafka):
    """Killed ten times, frozen ten times for up to 20 s, its connections cut whenever there is time between. The topic is
    full before: librdkafka's idempotent producer, of which the input would come, does not survive that. So the line is
    slow, 1,000 records a second at most, until the last blow."""
    with Trial(kafka, 0) as trial, tempfile.TemporaryDirectory() as folder:
        check(trial.filling.wait() == 0, "kfill failed")
        return strike_broker(kafka, trial, os.path.join(folder, "slow"))


def strike_broker(kafka, trial, slow):
    open(slow, "w").close()
    middle = [BIN / "rk-map", "--exec", f"{SOURCE / 'tests/support/slow_worker.py'} 0.001 {slow}"]
    with exactly_once_line(kafka, trial.source, trial.output, trial.output, *SHORT_SESSION, "--instance", trial.output,
                           "--batch-size", "50", middle=[middle],
                           write_options=("-v", "--commit-interval", "20", "--on-broker-down", "retry")) as line:
        blows = ["killed", "frozen"] * 10 + ["cut"] * BLOWS
        trial.draw.shuffle(blows)
        for blow in blows:
            time.sleep(trial.draw.uniform(0.5, 4))
            if blow == "killed":
                kafka.tool("kill")
                kafka.tool("start")
            elif blow == "frozen":
                kafka.tool("freeze")
                time.sleep(20 ** trial.draw.random())
                kafka.tool("thaw")
            else:
                kafka.proxy.reset()
            trial.count(blow)
            trial.wait_more(line, blow)
        left = kafka.written(trial.source) - trial.committed()
        check(left > 0, "all was done before the last blow")
        os.remove(slow)
        trial.wait_done()
        check(line.stop() == [0, 0, 0], "the line failed")
        trial.counts["lives of the writer's producer lost"] = line.stderr(2).count("begins again as a new producer")
        trial.counts["records left at the last blow"] = left
        return trial.judge()


TRIALS = {
    "kills-1": lambda kafka: strike_all(kafka, 1, kill, 1.3),
    "kills-3": lambda kafka: strike_all(kafka, 3, kill, 1.3),
    "stops-1": lambda kafka: strike_all(kafka, 1, stop, 4),
    "stops-3": lambda kafka: strike_all(kafka, 3, stop, 4),
    "pipe": pipe,
    "members-range": lambda kafka: members(kafka, "range"),
    "members-cooperative": lambda kafka: members(kafka, "cooperative-sticky"),
    "broker": broker,
}


def main():
    failed = 0
    for name in sys.argv[1:] or TRIALS:
        began = time.monotonic()
        with (ProxiedKafka() if name == "broker" else Kafka()) as kafka:
            try:
                print(f"ok {name}, seed {SEED}: {TRIALS[name](kafka)} ({time.monotonic() - began:.0f} s)", flush=True)
            except Broken as error:
                failed = 1
                print(f"FAILED {name}, seed {SEED}: {error}", flush=True)
    return failed


sys.exit(main())
