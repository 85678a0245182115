#!/usr/bin/env python3
"""Exactly once, and a line that is gone for good with a transaction open whose transactional id nobody takes: rk-write(1)
says how long those who come after it wait, and a reader that waits can be stopped."""

import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from exactly_once_job import Seen, exactly_once_line, judge, killed_with_its_offsets_undecided
from fault_job import QUICK, Load
from main_job import check, main, wait_until
from pipeline_job import Joined

PARTITIONS = 6
RATE = 2000
TRIALS = int(os.environ.get("RK_TRIALS", "3"))
ABORTED_AFTER_S = 10  # transaction.timeout.ms of rk-write
BROKERS_LOOK_EVERY_S = 10  # transaction.abort.timed.out.transaction.cleanup.interval.ms of Kafka
GOES_ON_S = 3
WAITS = "waiting for its stored offsets"


def leave_a_line(kafka):
    source, output = kafka.topic(PARTITIONS), kafka.topic(PARTITIONS)
    with Joined() as joined, Load(kafka, source, RATE) as load:
        seen = Seen(joined, kafka, output, PARTITIONS)
        killed_with_its_offsets_undecided(kafka, source, output, *QUICK)
        began = time.monotonic()
        with exactly_once_line(kafka, source, output, f"{output}-other", "-v") as line:
            seen.wait_flowing(began)
            took = time.monotonic() - began
            check(WAITS in line.stderr(0), "nothing was left open")
            load.stop()
            kafka.wait_committed(f"g-{output}", source)
            check(line.stop() == [0, 0], "the line failed")
        seen.end()
    judge(kafka, source, output, PARTITIONS)
    return took


def another_id_takes_over(kafka):
    seconds = [leave_a_line(kafka) for _ in range(TRIALS)]
    said = f"{', '.join(f'{one:.1f} s' for one in seconds)} until a result in each partition"
    check(max(seconds) < ABORTED_AFTER_S + BROKERS_LOOK_EVERY_S + GOES_ON_S, said)
    return said


def stop_one_that_waits(kafka, signals, drain_s):
    """How long it takes, and how the reader ends."""
    source, output = kafka.topic(PARTITIONS), kafka.topic(PARTITIONS)
    with Joined() as joined:
        with Load(kafka, source, RATE):
            killed_with_its_offsets_undecided(kafka, source, output, "--instance", output,
                                              write_options=("-X", "transaction.timeout.ms=60000"))
        reader = joined.start("read", f"rk-read -b {kafka.brokers} -t {source} -G g-{output} --exactly-once -v --instance "
                                      f"{output} --drain-timeout {drain_s} --out @ipc://{{d}}/a")
        wait_until(lambda: WAITS in joined.log("read"), 30, "the reader waits")
        began = time.monotonic()
        for _ in range(signals):
            reader.terminate()
            time.sleep(0.2)
        code = reader.wait(60)
    return code, time.monotonic() - began


def the_drain_timeout_ends_a_reader_that_waits(kafka):
    code, took = stop_one_that_waits(kafka, 1, 2)
    check(code == 75 and took < 3, f"exits {code} after {took:.1f} s")
    return f"after {took:.1f} s"


def a_second_signal_ends_it_at_once(kafka):
    code, took = stop_one_that_waits(kafka, 2, 30)
    check(code == -signal.SIGTERM and took < 1, f"exits {code} after {took:.1f} s")
    return f"after {took:.1f} s"


if __name__ == "__main__":
    sys.exit(main(the_drain_timeout_ends_a_reader_that_waits, a_second_signal_ends_it_at_once, another_id_takes_over))
