#!/usr/bin/env python3
"""Fault 13: a member joins or leaves every three seconds under load, in an eager and in a cooperative group.
Nothing is missing; no member commits a partition that it does not own, says the broker's own log of requests; what
comes twice the members that were killed had not committed.

RK_STORM_S is how long it goes on (default 60)."""

import base64
import concurrent.futures
import json
import os
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from fault_job import (QUICK, REPORTS, Load, all_committed, assigned, batches_in_flight, leave_the_shared_kafka,
                       uncommitted)
from main_job import BIN, Kafka, Line, check, main, rk_read, rk_write, wait_until

STORM_S = float(os.environ.get("RK_STORM_S", "60"))
STEP_S = 3
PARTITIONS = 6
RATE = 300
FEW_REQUESTS = ("-X", "fetch.min.bytes=1000000", "-X", "fetch.wait.max.ms=50")  # the broker logs each
MIDDLE = """import sys, time
for line in sys.stdin:
    time.sleep(0.002)
    sys.stdout.write(line)"""
REQUESTS = r"""appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601} %-5p %m (%c)%n
rootLogger.level=INFO
rootLogger.appenderRef.out.ref=out
logger.requests.name=kafka.request.logger
logger.requests.level=DEBUG
logger.requests.filter.members.type=RegexFilter
logger.requests.filter.members.regex=.*"requestApiKeyName":"(OFFSET_COMMIT|SYNC_GROUP)".*
logger.requests.filter.members.onMatch=ACCEPT
logger.requests.filter.members.onMismatch=DENY
"""


class WatchedKafka(Kafka):
    """A Kafka that logs what members of groups ask it to do, and its answers."""

    def prepare(self):
        with open(os.path.join(self.dir, "log4j2.properties"), "w") as file:
            file.write(REQUESTS)

    def requests(self, group):
        """(kind, request, response) of the group's members, in the order of the answers."""
        with open(os.path.join(self.dir, "server.log")) as log:
            for row in log:
                _, there, text = row.partition("Completed request:")
                if there:
                    entry, _ = json.JSONDecoder().raw_decode(text)
                    if entry["request"].get("groupId") == group:
                        yield entry["requestHeader"]["requestApiKeyName"], entry["request"], entry["response"]


def partitions_of(assignment):
    """The partitions in what a member is answered (Kafka's consumer protocol), of its one topic."""
    data = base64.b64decode(assignment)
    if len(data) < 6 or struct.unpack_from(">i", data, 2)[0] == 0:
        return set()
    (name,) = struct.unpack_from(">h", data, 6)
    (count,) = struct.unpack_from(">i", data, 8 + name)
    return set(struct.unpack_from(f">{count}i", data, 12 + name))


class Commits:
    """Who owned what, and who committed what, by the broker's log."""

    def __init__(self, kafka, group):
        self.owned, self.taken, self.refused, self.last = {}, [], 0, {}
        for kind, request, response in kafka.requests(group):
            if kind == "SYNC_GROUP" and response["errorCode"] == 0:
                key = request["generationId"], request["memberId"]
                self.owned[key] = partitions_of(response["assignment"])
            elif kind == "OFFSET_COMMIT":
                self.add(request, response)

    def add(self, request, response):
        errors = {p["partitionIndex"]: p["errorCode"] for t in response["topics"] for p in t["partitions"]}
        for partition in (p for topic in request["topics"] for p in topic["partitions"]):
            number, offset = partition["partitionIndex"], partition["committedOffset"]
            if errors[number]:
                self.refused += 1
                continue
            check(offset >= self.last.get(number, 0), f"partition {number} goes back from {self.last.get(number)} to {offset}")
            self.last[number] = offset
            self.taken.append((request["generationIdOrMemberEpoch"], request["memberId"], number))

    def check_owned(self):
        """A member owns what it was answered last. In a cooperative group it gives a partition up after the answer
        that no longer has it, and nobody else is given it until then."""
        for generation, member, partition in self.taken:
            if partition in self.owned.get((generation, member), ()):
                continue
            # Not always the generation before: one that another join cuts short is not answered to all.
            before = max((number for number, owner in self.owned if owner == member and number < generation), default=0)
            others = [parts for (number, owner), parts in self.owned.items()
                      if owner != member and before < number <= generation]
            leaves = partition in self.owned.get((before, member), ()) and not any(partition in p for p in others)
            owners = {number: owner for (number, owner), parts in self.owned.items() if partition in parts}
            check(leaves, f"{member} commits partition {partition} in generation {generation}; it is owned by {owners}")
        return len({generation for generation, _ in self.owned})


class Storm:
    def __init__(self, kafka, strategy):
        self.kafka, self.strategy = kafka, strategy
        self.source, self.output = kafka.topic(PARTITIONS), kafka.topic(PARTITIONS)
        self.guests, self.bound, self.killed = [], 0, 0

    def member(self):
        return Line(rk_read(self.kafka, self.source, "g-" + self.output, "--batch-size", "20", "--window-batches", "10",
                            "-X", f"partition.assignment.strategy={self.strategy}", *QUICK, *REPORTS,
                            *FEW_REQUESTS),
                    [BIN / "rk-map", "--exec", f"python3 -uc '{MIDDLE}'"], rk_write(self.kafka, self.output, *REPORTS))

    def join(self):
        self.guests.append(self.member())
        self.guests[-1].__enter__()

    def leave(self):
        guest = self.guests.pop(0)
        with guest:
            check(guest.stop() == [0, 0, 0], f"{self.strategy}: a guest failed")

    def die(self):
        guest = self.guests.pop(0)
        with guest:
            wait_until(lambda: assigned(guest) and batches_in_flight(guest) > 0, 30, "the guest is at work", 0.01)
            for stage in guest.stages:
                stage.kill()
            self.bound += uncommitted(self.kafka, self.source, self.output, assigned(guest))
            self.killed += 1

    def blow(self, stays):
        begin = time.monotonic()
        for step in range(round(STORM_S / STEP_S)):
            time.sleep(max(0, begin + step * STEP_S - time.monotonic()))
            (self.join, self.join, self.leave, self.die)[step % 4]()
            check(stays.alive(), f"{self.strategy}: the line that stays has ended")

    def run(self):
        try:
            with self.member() as stays, Load(self.kafka, self.source, RATE, "-X", "linger.ms=50") as load:
                wait_until(lambda: len(assigned(stays)) == PARTITIONS, 20, "the line that stays has all")
                self.blow(stays)
                load.stop()
                wait_until(lambda: all_committed(self.kafka, self.source, self.output), 90, "all is committed")
                check(stays.stop() == [0, 0, 0], "the line that stays failed")
                revoked = stays.stderr(0).count("given up ")
        finally:
            for guest in self.guests:
                guest.__exit__(None)
        return self.judge(revoked)

    def judge(self, revoked):
        found = self.kafka.compare(self.source, self.output, "--by", "id", "--allow-duplicates",
                                   "--group", "g-" + self.output)
        check(found["duplicates"] <= self.bound, f"{self.strategy}: {found['duplicates']} twice, {self.bound} explained")
        commits = Commits(self.kafka, "g-" + self.output)
        generations = commits.check_owned()
        check(generations >= 3 and len(commits.taken) > PARTITIONS, f"{generations} generations, that is no storm")
        return (f"{self.strategy}: {found['duplicates']} of {found['input']} twice, {self.killed} members killed with "
                f"{self.bound} uncommitted; {generations} generations, {revoked} partitions revoked of the line that "
                f"stays; {len(commits.taken)} commits, all of owned partitions, {commits.refused} refused")


def members_come_and_go(kafka):
    with concurrent.futures.ThreadPoolExecutor() as threads:
        storms = [threads.submit(Storm(kafka, strategy).run) for strategy in ("range", "cooperative-sticky")]
        return "\n".join(storm.result() for storm in storms)


leave_the_shared_kafka()
sys.exit(main(members_come_and_go, kafka_class=WatchedKafka))
