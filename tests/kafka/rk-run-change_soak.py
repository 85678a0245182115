#!/usr/bin/env python3
"""A pipeline that changes under load loses nothing, writes nothing twice and times nothing out: when
it is stopped, when its file changes, when it is scaled. The log and --status tell of it.

It takes minutes: not among the tests of CI. RK_LOAD_S is for how long the autoscaler has more than it can do (default 12),
RK_CHURNS how often replicas come and go (2).
"""

import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from main_job import BIN, check, main, wait_until
from pipeline_job import Pipeline, infer, reader, section, writer

LOAD_S = int(os.environ.get("RK_LOAD_S", "12"))
CHURNS = int(os.environ.get("RK_CHURNS", "2"))
CAPACITY = 2000  # records/s of one replica at ten a call that takes 5 ms, at most


def busy(kafka, source, output, infer_options="--max-batch 50", reader_options="", writer_options=""):
    return [section("read", reader(kafka, source, f"g-{output}", reader_options or "--batch-size 50")),
            section("infer", infer("sleep5.pt", infer_options), replicas=2),
            section("write", writer(kafka, output, writer_options), replicas=2)]


def grows(kafka, topic):
    before = sum(kafka.ends(topic).values())
    wait_until(lambda: sum(kafka.ends(topic).values()) > before, 20, "the output grows")


def finish(kafka, run, source, output):
    """Until all is committed; then nothing may be missing or there twice."""
    kafka.wait_committed(f"g-{output}", source, 120)
    check(run.stop()[0] == 0, "rk-run does not exit 0")
    check(not run.logged("timed out|replay"), "something was replayed")
    kafka.compare(source, output, "--by", "id", "--group", f"g-{output}")


def a_stop_ends_with_what_is_committed(kafka):
    source, output = kafka.topic(4), kafka.topic(4)
    kafka.fill(source, "-n", 100000)
    with Pipeline(*busy(kafka, source, output)) as run:
        run.wait_ready()
        grows(kafka, output)
        status, seconds = run.stop()
        check(status == 0 and seconds < 9, f"exit status {status} after {seconds} s")
    written = sum(kafka.ends(output).values())
    committed = sum(kafka.committed(f"g-{output}", source).values())
    check(0 < committed == written < 100000, f"{committed} committed, {written} written")
    return f"after {seconds:.2f} s, {written} records"


def a_changed_file_replaces_stages_one_at_a_time(kafka):
    source, output = kafka.topic(4), kafka.topic(4)
    kafka.fill(source, "-n", 150000)
    with Pipeline(*busy(kafka, source, output, "--max-batch 49")) as run:
        run.wait_ready()
        first = {name: run.pid(name) for name in ("read.0", "infer.0", "infer.1", "write.0", "write.1")}
        grows(kafka, output)
        run.write("[read]\nexec = 'rk-read'\nno_such_key = 1\n")
        run.process.send_signal(signal.SIGHUP)
        wait_until(lambda: run.logged("nothing changed: .*pipeline.toml:3: read.no_such_key"), 5, "a bad file is refused")
        run.write(*busy(kafka, source, output, "--no-such-option"))
        run.process.send_signal(signal.SIGHUP)
        wait_until(lambda: run.logged("nothing changed: infer.0 could not start status=64"), 10, "a bad command is refused")
        run.write(*busy(kafka, source, output, "--max-batch 48"))
        run.process.send_signal(signal.SIGHUP)
        wait_until(lambda: run.logged("applied the changes of the file"), 40, "the change is made")
        now = {name: run.pid(name) for name in first}
        changed = {name for name in first if first[name] != now[name]}
        check(changed == {"infer.0", "infer.1"}, f"{changed} were replaced")
        run.write(*busy(kafka, source, output, "--max-batch 48", "--batch-size 40", "--on-broker-down retry"))
        run.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(run.logged("applied the changes of the file")) == 2, 40, "readers and writers change")
        check(all(run.pid(name) != now[name] for name in ("read.0", "write.0", "write.1")), "they are the same")
        check(run.pid("infer.0") == now["infer.0"], "a stage that has not changed was replaced")
        check(sum(kafka.ends(output).values()) < 150000, "it had nothing to do any more")
        finish(kafka, run, source, output)


def load(kafka, source, rate, seconds, first_id):
    kafka.fill(source, "--rate", rate, "-n", rate * seconds, "--first-id", first_id)
    return first_id + rate * seconds


def scaling_pipeline(kafka, source, output, **keys):
    return Pipeline(section("read", reader(kafka, source, f"g-{output}", "--batch-size 10")),
                    section("infer", infer("sleep5.pt", "--max-batch 10"), cpus=0, **keys),
                    section("write", writer(kafka, output)))


def replicas_follow_the_queue(kafka):
    source, output = kafka.topic(4), kafka.topic(4)
    with scaling_pipeline(kafka, source, output, min=1, max=4) as run:
        run.wait_ready()
        filling = subprocess.Popen([BIN / "support/kfill", "-b", kafka.brokers, "-t", source, "--rate", str(4 * CAPACITY),
                                 "-n", str(4 * CAPACITY * LOAD_S)], stdout=subprocess.DEVNULL)
        highest, bottlenecks = 0, []
        while filling.poll() is None:
            status = run.status()
            highest = max(highest, status["stages"]["infer"]["replicas"])
            bottlenecks.append(status["bottleneck"])
            time.sleep(0.5)
        check(filling.returncode == 0, "kfill failed")
        check(bottlenecks.count("infer") > len(bottlenecks) / 2, f"called the bottleneck: {bottlenecks}")
        wait_until(lambda: run.stage("infer")["queue"] < 20, 60, "the queue is short again")
        wait_until(lambda: run.stage("infer")["replicas"] == 1, 60, "it is back at one replica")
        up = [(int(before), int(after)) for after, before in run.logged(r"scaling up stage=infer replicas=(\d+) before=(\d+)")]
        check(up and all(after == before + 1 for before, after in up), f"steps up: {up}")
        check(1 < highest <= 4, f"{highest} replicas, {up}")
        down = [(int(before), int(after)) for after, before in run.logged(r"scaling down stage=infer replicas=(\d+) before=(\d+)")]
        check(all(after == before - 1 for before, after in down) and len(down) == len(up), f"steps down: {down}")
        finish(kafka, run, source, output)
    return f"up {up}, down {down}"


def a_burst_is_worked_off_within_a_minute(kafka):
    """Ten times the rate for 15 s, the usual rate being a little under what one replica can do."""
    source, output = kafka.topic(4), kafka.topic(4)
    usual = CAPACITY * 3 // 4
    with scaling_pipeline(kafka, source, output, max=10) as run:
        run.wait_ready()
        ids = load(kafka, source, usual, 10, 0)
        ids = load(kafka, source, 10 * usual, 15, ids)
        begin = time.monotonic()
        with subprocess.Popen([BIN / "support/kfill", "-b", kafka.brokers, "-t", source, "--rate", str(usual), "-n",
                               str(60 * usual), "--first-id", str(ids)], stdout=subprocess.DEVNULL) as after:
            def calm():
                status = run.status()["stages"]
                return status["infer"]["queue"] < 20 and status["read"]["lag"] < usual
            wait_until(calm, 60, "the burst is worked off", pause=0.5)
            took = time.monotonic() - begin
            check(after.wait(70) == 0, "kfill failed")
        up = run.logged(r"scaling up stage=infer replicas=(\d+)")
        finish(kafka, run, source, output)
    return f"after {took:.0f} s, with up to {max(map(int, up))} replicas"


def replicas_come_and_go_under_load(kafka):
    """Up to 8 and down to 1 again and again, which takes minutes a time."""
    source, output = kafka.topic(4), kafka.topic(4)
    with scaling_pipeline(kafka, source, output, max=8) as run:
        run.wait_ready()
        ids = 0
        for _ in range(CHURNS):
            ids = load(kafka, source, 10 * CAPACITY, 30, ids)
            wait_until(lambda: run.stage("infer")["replicas"] == 8, 30, "there are 8")
            wait_until(lambda: run.stage("infer")["replicas"] == 1, 200, "there is 1")
        finish(kafka, run, source, output)
    return f"{CHURNS} times, {ids} records"


if __name__ == "__main__":
    sys.exit(main(a_stop_ends_with_what_is_committed, a_changed_file_replaces_stages_one_at_a_time,
                  replicas_follow_the_queue, a_burst_is_worked_off_within_a_minute,
                  replicas_come_and_go_under_load))
