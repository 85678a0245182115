#!/usr/bin/env python3
"""The peer that rk replaces: a pipeline of Ray actors around two queues.

    ray_actors.py --brokers B --in TOPIC --out TOPIC --group G [--processors N]

A reader for each partition puts records one by one into a Ray queue; processors take them from
there, add two fields and put them into a second one; a writer takes them from there and produces
them; a manager looks at the queues every 5 s and scales. All numbers are those of the program that
this rebuilds: queues of 1,000, readers that sleep a second while the first queue holds 800 or more,
batches of 100 that librdkafka may take 12 s to fill, the thresholds of the manager, the clients'
own defaults for all the rest (so offsets are committed every 5 s, whatever has become of the
records). Runs until SIGTERM.

Where it differs: the processors are exactly N, so that a figure is the figure of N; Ray is told of
as many CPUs as the actors ask for (see cpus()).
"""

import argparse
import json
import logging
import sys
import time

import ray_session  # first: it sets Ray's environment
import ray
from ray.util.queue import Empty, Queue

QUEUE_SIZE = 1000
FULL = 800  # of the readers' queue: they pause
PAUSE_S = 1
BATCH_SIZE = 100
BATCH_TIMEOUT_S = 12
TAKE_TIMEOUT_S = 1.0
REPORT_EVERY_S = 10
MANAGE_EVERY_S = 5
METADATA_TIMEOUT_S = 10
READER_CPUS, PROCESSOR_CPUS, WRITER_CPUS, MANAGER_CPUS = 0.5, 1, 0.5, 0.5
WRITERS_MAX = 5


class Progress:
    """Says on stderr, every 10 s, how far an actor is."""

    def __init__(self, name):
        self.log = logging.getLogger(name)
        self.log.setLevel(logging.INFO)
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
        self.log.addHandler(handler)
        self.done = 0
        self.start = self.reported = time.time()

    def report(self):
        now = time.time()
        if now - self.reported > REPORT_EVERY_S:
            self.log.info(f"{self.done} records, {self.done / (now - self.start):.2f} a second")
            self.reported = now


@ray.remote(num_cpus=READER_CPUS)
class Reader:
    def __init__(self, kafka, topic, partition, output):
        # Here and not above, because pickle cannot find these classes by the names they go under.
        from confluent_kafka import Consumer, TopicPartition

        self.output = output
        self.consumer = Consumer(kafka)
        self.consumer.assign([TopicPartition(topic, partition)])
        self.progress = Progress(f"reader-{partition}")
        self.running = False

    def start(self):
        self.running = True
        while self.running:
            while self.running and self.output.size() >= FULL:
                self.progress.log.warning("paused: the queue is full")
                time.sleep(PAUSE_S)
            if not self.running:
                break
            for message in self.consumer.consume(num_messages=BATCH_SIZE, timeout=BATCH_TIMEOUT_S):
                self.take(message)
            self.progress.report()

    def take(self, message):
        if message.error():
            self.progress.log.error(f"consuming: {message.error()}")
            return
        try:
            self.output.put(json.loads(message.value().decode("utf-8")))
            self.progress.done += 1
        except json.JSONDecodeError:
            self.progress.log.error(f"no JSON: {message.value()}")

    def stop(self):
        self.running = False
        self.consumer.close()


class QueueActor:
    """What processors and writers share: one record after another from a queue."""

    def run(self, source, handle, progress):
        self.running = True
        while self.running:
            try:
                handle(source.get(timeout=TAKE_TIMEOUT_S))
                progress.done += 1
            except Empty:
                pass
            except Exception as error:
                if not self.running:
                    break
                progress.log.error(f"a record is lost: {error}")
            progress.report()

    def stop(self):
        self.running = False


@ray.remote(num_cpus=PROCESSOR_CPUS)
class Processor(QueueActor):
    def __init__(self, source, output):
        self.source, self.output = source, output

    def start(self):
        self.run(self.source, lambda record: self.output.put(self.process(record)), Progress("processor"))

    def process(self, record):
        record["processed_at"] = time.time()
        record["status"] = "processed"
        return record


@ray.remote(num_cpus=WRITER_CPUS)
class Writer(QueueActor):
    def __init__(self, kafka, topic, source):
        from confluent_kafka import Producer

        self.topic, self.source = topic, source
        self.producer = Producer(kafka)
        self.progress = Progress("writer")

    def start(self):
        self.run(self.source, self.write, self.progress)
        self.producer.flush()

    def write(self, record):
        """The key goes along in the record, as kfill makes it."""
        value = json.dumps(record).encode("utf-8")
        self.producer.produce(self.topic, key=record.get("key"), value=value, on_delivery=self.delivered)
        self.producer.poll(0)

    def delivered(self, error, _message):
        if error is not None:
            self.progress.log.error(f"not delivered: {error}")


class Pool:
    """Actors of one kind and the queue before them. They become one more when it holds over `high`,
    and one less when it holds under `low`."""

    def __init__(self, make, queue, low, high, least, most):
        self.make, self.queue = make, queue
        self.low, self.high, self.least, self.most = low, high, least, most
        self.actors = [make() for _ in range(least)]

    def scale(self):
        waiting = self.queue.size()
        if waiting > self.high and len(self.actors) < self.most:
            self.actors.append(self.make())
            self.actors[-1].start.remote()
        elif waiting < self.low and len(self.actors) > self.least:
            # This never returns, in the original neither: an actor does one call at a time, and is
            # in start() for good. So there may be more writers than there were, but not fewer, and
            # when fewer are wanted, the manager hangs.
            ray.get(self.actors[-1].stop.remote())
            self.actors.pop()


@ray.remote(num_cpus=MANAGER_CPUS)
class Manager:
    def __init__(self, readers, processors, writers):
        self.readers, self.processors, self.writers = readers, processors, writers
        self.log = Progress("manager").log

    def start(self):
        while True:
            self.processors.scale()
            self.writers.scale()
            self.log.info(
                f"{len(self.readers)} readers, {self.processors.queue.size()} waiting, "
                f"{len(self.processors.actors)} processors, {self.writers.queue.size()} waiting, "
                f"{len(self.writers.actors)} writers")
            time.sleep(MANAGE_EVERY_S)


def partition_count(kafka, topic):
    from confluent_kafka.admin import AdminClient

    found = AdminClient(kafka).list_topics(topic=topic, timeout=METADATA_TIMEOUT_S).topics[topic]
    if found.error is not None:
        raise RuntimeError(found.error)
    return len(found.partitions)


def cpus(partitions, processors):
    """What all actors together ask for, with the most writers that the manager may make. Ray takes
    these for units to hand out, and with the 2 of a small machine, some actors would wait for ever
    for theirs. The processes share the real CPUs in any case."""
    return int(partitions * READER_CPUS + processors * PROCESSOR_CPUS + WRITERS_MAX * WRITER_CPUS + MANAGER_CPUS + 1)


def run_actors(options, kafka, partitions):
    read, processed = Queue(maxsize=QUEUE_SIZE), Queue(maxsize=QUEUE_SIZE)
    readers = [Reader.remote(kafka, options.source, number, read) for number in range(partitions)]
    processors = Pool(lambda: Processor.remote(read, processed), read, 20, 200, options.processors, options.processors)
    writers = Pool(lambda: Writer.remote(kafka, options.output, processed), processed, 10, 100, 1, WRITERS_MAX)
    manager = Manager.remote(readers, processors, writers)
    ray.get([actor.start.remote() for actor in (*readers, *processors.actors, *writers.actors, manager)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--in", dest="source", required=True)
    parser.add_argument("--out", dest="output", required=True)
    parser.add_argument("--group", required=True)
    parser.add_argument("--processors", type=int, default=1)
    options = parser.parse_args()
    # One for consumers and producers, as in the original: each says that some of it is not for it.
    kafka = {"bootstrap.servers": options.brokers, "group.id": options.group, "auto.offset.reset": "earliest"}
    try:
        partitions = partition_count(kafka, options.source)
    except Exception as error:
        sys.exit(f"ray_actors.py: error: {options.source}: {error}")
    ray_session.run(lambda: run_actors(options, kafka, partitions), num_cpus=cpus(partitions, options.processors))


main()
