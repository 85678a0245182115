"""What tests of exactly once share: another program's view of an output, and what it must be."""

import json
import os
import signal
import subprocess
import threading
import time

from main_job import BIN, DEPS, Line, check, record_line, rk_read, rk_write, unhex, wait_until

# Java's console consumer, or with RK_ORACLE=confluent Python's confluent_kafka.
ORACLE = os.environ.get("RK_ORACLE", "java")
END_MARK = "the end of this partition"
PATIENCE_S = 300


def mark_ends(kafka, topic, partitions):
    """A record behind all others of each partition: whoever sees it has seen all, and no transaction is left open."""
    line = record_line(b"", END_MARK.encode(), int(time.time() * 1000))
    for number in range(partitions):
        kafka.fill(topic, "--lines", "-", "-p", number, stdin=line)


def lines_of_java(kafka, topic):
    """(partition, value), without an end."""
    jars = next((DEPS / "kafka").iterdir())
    args = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{jars}/*",
            "org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", kafka.brokers, "--topic", topic,
            "--isolation-level", "read_committed", "--from-beginning", "--formatter-property", "print.partition=true"]
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as consumer:
        late = threading.Timer(PATIENCE_S, consumer.kill)
        late.start()
        try:
            for line in consumer.stdout:
                partition, _, value = line.rstrip("\n").partition("\t")
                yield int(partition.removeprefix("Partition:")), value
        finally:
            late.cancel()
            consumer.kill()


def lines_of_confluent(kafka, topic):
    import confluent_kafka
    consumer = confluent_kafka.Consumer({"bootstrap.servers": kafka.brokers, "group.id": "oracle", "enable.auto.commit": False,
                                         "isolation.level": "read_committed"})
    count = len(kafka.ends(topic))
    consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in range(count)])
    while message := consumer.poll(PATIENCE_S):
        check(not message.error(), str(message.error()))
        yield message.partition(), message.value().decode()
    consumer.close()


def seen(kafka, topic, partitions):
    """The values of each partition, in order, as a read_committed consumer that is not ours sees them. Marks the ends."""
    mark_ends(kafka, topic, partitions)
    values, open_ends = {number: [] for number in range(partitions)}, set(range(partitions))
    lines = (lines_of_confluent if ORACLE == "confluent" else lines_of_java)(kafka, topic)
    for partition, value in lines:
        if value == END_MARK:
            open_ends.discard(partition)
        else:
            values[partition].append(value)
        if not open_ends:
            lines.close()
            return values
    check(False, f"{ORACLE}: {topic} ends before its partitions {sorted(open_ends)} do")


def filled(kafka, topic, partitions):
    """The same of an input, which has no transactions."""
    values = {number: [] for number in range(partitions)}
    for row in kafka.support("kdump", "-t", topic).splitlines():
        partition, _, _, _, value, *_ = row.split("\t")
        values[int(partition)].append(unhex(value).decode())
    return values


def is_result_of(result, record):
    """All fields are there as they were; rk-map may have added some, and made the name of the pad longer."""
    if result == record:
        return True
    fields = {"pad" if name.startswith("pad") else name: value for name, value in json.loads(result).items()}
    return {**fields, **json.loads(record)} == fields


def judge(kafka, source, output, partitions):
    """Each record of the input has one result, in the order of its partition (-p same). Returns how many there are."""
    wanted, got = filled(kafka, source, partitions), seen(kafka, output, partitions)
    for number in range(partitions):
        compare(f"partition {number}", wanted[number], got[number])
    return sum(map(len, wanted.values()))


def compare(where, wanted, got):
    wanted_ids, got_ids = ([json.loads(value)["id"] for value in values] for values in (wanted, got))
    if wanted_ids != got_ids:
        missing = sorted(set(wanted_ids) - set(got_ids))
        twice = len(got_ids) - len(set(got_ids))
        check(False, f"{where}: {len(wanted)} in, {len(got)} out, {len(missing)} missing {missing[:5]}, {twice} twice, "
                     f"or in another order")
    for result, record in zip(got, wanted):
        check(is_result_of(result, record), f"{where}: {result} comes of {record}")


def exactly_once_line(kafka, source, output, name, *read_options, middle=(), write_options=(), writer="rk-write"):
    """A line of pipes whose writer runs under `name`."""
    _, *write = rk_write(kafka, output, "-p", "same", "--exactly-once", "--transactional-id", name, *write_options)
    return Line(rk_read(kafka, source, f"g-{output}", "--exactly-once", *read_options), *middle, [BIN / writer, *write])


def killed_with_its_offsets_undecided(kafka, source, output, *read_options, write_options=()):
    """A line whose writer dies when it has sent the offsets of a transaction and not committed it, and then its reader."""
    os.environ["RK_FAILPOINT"] = "offsets-not-committed"  # only rk-write-failing looks there
    line = exactly_once_line(kafka, source, output, output, "--batch-size", "50", *read_options,
                             write_options=write_options, writer="support/rk-write-failing")
    with line:
        line.stages[1].wait(30)
        line.stages[0].kill()
    check(line.stages[1].returncode == -signal.SIGKILL, "there is no failpoint")


class Seen:
    """When a read_committed consumer has seen something of each partition."""

    def __init__(self, joined, kafka, output, partitions):
        self.times = {number: [] for number in range(partitions)}
        command = f"rk-read -b {kafka.brokers} -t {output} -p all -o beginning -f '%p\\n' -q"
        self.process = joined.start("seen", command, stdout=subprocess.PIPE)
        self.thread = threading.Thread(target=self.take)
        self.thread.start()

    def take(self):
        for line in self.process.stdout:
            self.times[int(line)].append(time.monotonic())

    def wait_flowing(self, since=0):
        wait_until(lambda: all(times and times[-1] > since for times in self.times.values()), 60,
                   "records of all partitions are seen", 0.02)

    def longest_stand(self, since):
        return max(later - earlier for times in self.times.values() for earlier, later in zip(times, times[1:])
                   if later > since)

    def end(self):
        self.process.kill()
        self.thread.join()
