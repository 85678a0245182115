"""What tests of faults share beside main_job: a Kafka that is theirs to break, and load."""

import os
import re
import subprocess

from main_job import BIN, Kafka, check, rk_read, rk_write
from tcp_proxy import Proxy

MANY = 10_000_000
SLOW = """import sys, time
for line in sys.stdin:
    time.sleep(0.0001)
    sys.stdout.write(line)"""
QUICK = ("-X", "session.timeout.ms=3000", "-X", "heartbeat.interval.ms=500")


def leave_the_shared_kafka():
    """From here on each Kafka is a new one, that may be broken."""
    os.environ.pop("RK_KAFKA_DIR", None)


class ProxiedKafka(Kafka):
    """A Kafka whose clients, all of them, come through `proxy`."""

    def __enter__(self):
        leave_the_shared_kafka()
        super().__enter__()
        self.tool("stop")
        host, _, port = self.brokers.rpartition(":")
        self.proxy = Proxy(host, int(port))
        path = os.path.join(self.dir, "server.properties")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace(f"advertised.listeners=PLAINTEXT://{self.brokers}",
                                    f"advertised.listeners=PLAINTEXT://{self.proxy.address}"))
        self.tool("start")
        self.brokers = self.proxy.address
        return self

    def __exit__(self, *args):
        self.proxy.__exit__()
        super().__exit__(*args)


class Load:
    """Records that go on coming, from a kfill of its own, until stop()."""

    def __init__(self, kafka, topic, rate, *options):
        self.process = subprocess.Popen(
            [BIN / "support/kfill", "-b", kafka.brokers, "-t", topic, "-n", str(MANY), "--rate", str(rate),
             *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """What is on the topic then is all that there will be."""
        check(self.process.poll() is None, "the load had ended by itself")
        self.__exit__()


def slow_line(kafka, source, output, *read_options):
    """The stages of a line whose middle takes 0.1 ms a record: something is always in flight."""
    return (rk_read(kafka, source, "g-" + output, "--batch-size", "50", "--window-batches", "40", *QUICK, *read_options),
            [BIN / "rk-map", "--exec", f"python3 -uc '{SLOW}'"],
            rk_write(kafka, output, "--on-broker-down", "retry"))


REPORTS = ("--report-interval", "0.1")  # for batches_in_flight()


def last_report(line, number, counter):
    """What a stage's last report, or its total, says of a counter; 0 before there is one."""
    return int(([0] + re.findall(rf" {counter}=(\d+)", line.stderr(number)))[-1])


def batches_in_flight(line):
    """Read and not acknowledged, by the last REPORTS of a line's reader and writer."""
    return last_report(line, 0, "batches") - last_report(line, len(line.stages) - 1, "acknowledged")


def assigned(line):
    """Where the line's reader began with each partition that it has now."""
    now = {}
    for row in line.stderr(0).splitlines():
        if found := re.search(r"assigned topic=\S+ partition=(\d+) offset=(\d+)", row):
            now[int(found[1])] = int(found[2])
        elif found := re.search(r"given up topic=\S+ partition=(\d+)", row):
            now.pop(int(found[1]), None)
    return now


def uncommitted(kafka, source, output, partitions):
    """How many records of these partitions are beyond what the group has committed."""
    done, ends = kafka.committed("g-" + output, source), kafka.ends(source)
    return sum(ends[partition] - done.get(partition, 0) for partition in partitions)


def committed(kafka, source, output):
    return sum(kafka.committed("g-" + output, source).values())


def all_committed(kafka, source, output):
    return kafka.committed("g-" + output, source) == kafka.ends(source)


def peak_rss_mb(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(row.split()[1]) for row in status if row.startswith("VmHWM")) / 1024
