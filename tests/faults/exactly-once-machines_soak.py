#!/usr/bin/env python3
"""Exactly once, its readers on other machines: two in network namespaces feed writers on this one and take their
acknowledgements over tcp://. Readers are killed and started again, and a wire is cut for longer than the group takes to
give their partitions to the other, whose old reader comes back to life when it is healed. Each result is seen once. (All
have one time since boot, as readers that feed one writer need: rk-links(7).)

RK_RECORDS (200000), RK_BLOWS (6, of each kind), RK_SEED."""

import os
import random
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from exactly_once_job import judge
from machines import Machine, free_ports
from main_job import BIN, Kafka, check, main, wait_until
from netns import Wired, ip, require_namespaces

RECORDS = int(os.environ.get("RK_RECORDS", "200000"))
BLOWS = int(os.environ.get("RK_BLOWS", "6"))
SEED = int(os.environ.get("RK_SEED", str(random.randrange(1000000))))
PARTITIONS = 6
BLOW_S = 14  # from one to the next
CUT_S = 8
GOES_ON_S = 20  # session.timeout.ms, and what a busy machine takes
QUICK = "-X session.timeout.ms=3000 -X heartbeat.interval.ms=500"


class WiredKafka(Kafka):
    """Which the machines reach at an address of this one."""

    def __init__(self, address):
        self.address = address

    def __enter__(self):
        os.environ.pop("RK_KAFKA_DIR", None)
        super().__enter__()
        self.tool("stop")
        path = os.path.join(self.dir, "server.properties")
        with open(path) as file:
            text = file.read()
        port = self.brokers.rpartition(":")[2]
        text = text.replace(f"advertised.listeners=PLAINTEXT://{self.brokers}",
                            f"advertised.listeners=PLAINTEXT://{self.address}:{port}")
        with open(path, "w") as file:
            file.write(re.sub(rf"(?m)^(listeners=.*PLAINTEXT://){re.escape(self.brokers)}", rf"\g<1>0.0.0.0:{port}", text))
        self.tool("start")
        self.brokers = f"{self.address}:{port}"
        return self


class Trial:
    def __init__(self, kafka, head, others):
        self.kafka, self.head, self.others = kafka, head, others
        self.source, self.output, self.port = kafka.topic(PARTITIONS), kafka.topic(PARTITIONS), free_ports(1)
        self.group, self.draw = f"g-{self.output}", random.Random(SEED)
        head.start("balance", f"rk-balance --in @tcp://0.0.0.0:{self.port} --out @ipc://{{d}}/a --by partition")
        for number in range(2):
            head.start(f"write.{number}", f"rk-write -v -b {kafka.brokers} -t {self.output} -p same --exactly-once "
                                          f"--transactional-id {self.output}-{number} --in ipc://{{d}}/a", keys=True)
        for other in others:
            self.read(other)

    def read(self, other):
        other.start("read", f"rk-read -v -b {self.kafka.brokers} -t {self.source} -G {self.group} --exactly-once {QUICK} "
                            f"--batch-size 50 --out tcp://{other.head}:{self.port}")

    def committed(self):
        return self.kafka.committed(self.group, self.source)

    def wait_going_on(self, what):
        """In every partition, or at its end."""
        before = self.committed()
        began = time.monotonic()
        wait_until(lambda: self.at_end() or all(self.committed().get(number, 0) > before.get(number, 0)
                                                for number in range(PARTITIONS)), GOES_ON_S, f"it goes on after {what}")
        return time.monotonic() - began

    def at_end(self):
        return self.committed() == self.kafka.ends(self.source)

    def killed(self, other):
        other.processes["read"].kill()
        other.processes["read"].wait()
        took = self.wait_going_on("a reader was killed")
        self.read(other)
        return took

    def cut(self, other):
        other.cut()
        began = time.monotonic()
        took = self.wait_going_on("a wire was cut")
        time.sleep(max(0, began + CUT_S - time.monotonic()))
        other.heal()
        return took


def readers_on_other_machines(kafka):
    head, others = kafka.head, kafka.others
    trial = Trial(kafka, head, others)
    blows, longest = [trial.killed, trial.cut] * BLOWS, {}
    trial.draw.shuffle(blows)
    rate = max(1, RECORDS // (BLOW_S * len(blows)))
    fill = [BIN / "support/kfill", "-b", kafka.brokers, "-t", trial.source, "-n", RECORDS, "--rate", rate]
    with subprocess.Popen([str(word) for word in fill], stdout=subprocess.DEVNULL) as filling:
        try:
            trial.wait_going_on("the start")
            for blow in blows:
                began = time.monotonic()
                took = blow(trial.draw.choice(others))
                longest[blow.__name__] = max(took, longest.get(blow.__name__, 0))
                time.sleep(max(0, began + BLOW_S - 2 - time.monotonic()))
            check(filling.wait(300) == 0, "kfill failed")
        finally:
            filling.kill()
    wait_until(trial.at_end, 120, "all is committed")
    for machine, names in [(other, ["read"]) for other in others] + [(head, ["balance", "write.0", "write.1"])]:
        machine.stop(*names)
    total = judge(kafka, trial.source, trial.output, PARTITIONS)
    given_up = sum(other.log("read").count("given up") for other in others)
    refused = sum(head.log(f"write.{number}").count("transaction aborted") for number in range(2))
    return (f"seed {SEED}: {total} records, {BLOWS} readers killed, {BLOWS} wires cut; {given_up} partitions given up, "
            f"{refused} transactions refused; went on after " +
            ", ".join(f"{seconds:.1f} s ({name})" for name, seconds in longest.items()) + " at most")


class Cluster(WiredKafka):
    """With two machines, and this one as the head."""

    def __init__(self):
        self.head, self.others = Machine("head"), [Wired(1), Wired(2)]
        first, second = self.others
        ip("-n", second.name, "route", "add", first.head, "via", second.head)
        for other in self.others:
            self.head.knows(other)
            other.knows(self.head, other.head)
        super().__init__(first.head)

    def __exit__(self, *what):
        for machine in (*self.others, self.head):
            machine.__exit__(*what)
        super().__exit__(*what)


if __name__ == "__main__":
    require_namespaces()
    sys.exit(main(readers_on_other_machines, kafka_class=Cluster))
