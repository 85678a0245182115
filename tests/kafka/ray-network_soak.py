#!/usr/bin/env python3
"""rk-ray on a Ray cluster of machines in network namespaces, under an even load: how soon the first result comes, how long
a partition is silent while slots come, go and are replaced, and while a machine is cut off or dies, and whether anything is
lost. As root. `ray-network_soak.py NAME...` does only these."""

import contextlib
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from fault_job import Load
from main_job import Broken, check, main, wait_until
from ray_network import Network, NetworkKafka, RayCluster, joined, slots, started_at
from silence import longest_silences

RATE = 400
PARTITIONS = 4
SETTLED_S = 3
FIRST_RESULT_S = 15
PLANNED_SILENCE_S = 3
LOST_SILENCE_S = 15
LONGEST_WITHOUT_A_HEAD_S = 120


class Job:
    """A pipeline that copies a topic; it has ended after the `with` block."""

    def __init__(self, kafka, cluster, between=""):
        self.kafka, self.cluster = kafka, cluster
        self.source = kafka.topic(PARTITIONS)
        self.output = kafka.topic(PARTITIONS, message_timestamp_type="LogAppendTime")
        self.name, self.group = f"p-{self.output}", f"g-{self.output}"
        (cluster.driver.folder / f"{self.name}.toml").write_text(
            f'[read]\nexec = "rk-read -t {self.source} -G {self.group} -X auto.offset.reset=earliest '
            f'-X heartbeat.interval.ms=1000"\n{between}'
            f'[write]\nexec = "rk-write -t {self.output} --partition same"\n')
        self.driver = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.cluster.tell()
        elif self.driver:
            self.do("stop", self.name)
            self.driver.wait(60)

    def start(self, slot_count=1, *options):
        self.driver = self.cluster.rk_ray("run", f"/tmp/{self.name}.toml", "--slots", slot_count, "--cpus", 1, *options)

    @contextlib.contextmanager
    def loaded(self, slot_count=1, *options):
        """It runs in that many slots and has the load; after the `with` block the load has ended."""
        self.start(slot_count, *options)
        self.wait_shared(slot_count)
        with Load(self.kafka, self.source, RATE) as load:
            time.sleep(SETTLED_S)
            yield
            load.stop()

    def do(self, *words):
        """Another command of rk-ray, which must succeed."""
        done = self.cluster.rk_ray(*words)
        check(done.wait(120) == 0, f"rk-ray {words} exits {done.returncode}")

    def partitions(self):
        """Of each member of the group, how many it has."""
        try:
            group = self.kafka.support("kgroup", self.group)
        except Broken:  # there is none yet
            return []
        return sorted(member["partitions"] for member in group["members"]) if group["state"] == "Stable" else []

    def wait_shared(self, slot_count, timeout=120):
        def shared():
            counts = self.partitions()
            return len(counts) == slot_count and sum(counts) == PARTITIONS and min(counts) > 0

        wait_until(shared, timeout, f"{slot_count} slots share the partitions, not {self.partitions()}")
        time.sleep(SETTLED_S)

    def check(self, most_silence, *options, before=""):
        """Nothing is missing; returns what was found, after what was seen before."""
        wait_until(lambda: self.kafka.written(self.output) >= self.kafka.written(self.source), 120, "all is written")
        self.kafka.wait_committed(self.group, self.source)
        found = self.kafka.compare(self.source, self.output, "--by", "id", "--ignore-timestamps", "--group", self.group, *options)
        silences = longest_silences(self.kafka, self.output)
        note = f"{before}{found['input']} records, {found['duplicates']} twice, silences {silences} s"
        check(max(silences) < most_silence, f"a partition was silent for too long: {note}")
        return note


def first_result(kafka, cluster):
    """The cluster is warm: a pipeline has run before."""
    notes = []
    for _ in range(2):
        with Job(kafka, cluster) as job:
            kafka.fill(job.source, "-n", 1)
            began = time.monotonic()
            job.start()
            wait_until(lambda: kafka.written(job.output) == 1, 120, "the first result")
            notes.append(time.monotonic() - began)
    check(notes[1] < FIRST_RESULT_S, f"submit to first result: {notes[1]:.1f} s")
    return f"submit to first result: {notes[1]:.1f} s, and {notes[0]:.1f} s the first time"


def slots_come_and_go(kafka, cluster):
    """Nothing comes twice."""
    with Job(kafka, cluster) as job:
        with job.loaded():
            for count in (3, 1):
                job.do("resize", job.name, count)
                job.wait_shared(count)
        return job.check(PLANNED_SILENCE_S)


def slots_are_replaced_one_by_one(kafka, cluster):
    """A new version of rk: nothing comes twice."""
    with Job(kafka, cluster) as job:
        with job.loaded(3):
            before = slots(job.name)
            job.do("roll", job.name)
            job.wait_shared(3)
        after = slots(job.name)
        check(all(before[slot] != after[slot] for slot in range(3)), f"not all slots are new: {before}, {after}")
        return job.check(PLANNED_SILENCE_S)


def on_a_worker(job, cluster):
    """A worker that has one of two slots."""
    [pid] = slots(job.name)[1]
    return next(machine for machine in cluster.workers if machine.has(pid))


def disturb(kafka, cluster, harm, most_silence):
    """Two slots share the partitions, `harm` is done to the machine of one, and in the end two share them again."""
    with Job(kafka, cluster) as job:
        with job.loaded(2):
            began = time.monotonic()
            machine = on_a_worker(job, cluster)
            harm(machine)
            wait_until(lambda: len(slots(job.name).get(1, [])) == 1, 60, "the slot runs, once")
            [pid] = slots(job.name)[1]
            moved = started_at(pid) - began
            job.wait_shared(2)
        before = f"rk-run on another machine after {moved:.1f} s; " if moved > 0 else ""
        return job.check(most_silence, "--allow-duplicates", before=before), machine


def a_worker_dies(kafka, cluster):
    note, machine = disturb(kafka, cluster, lambda machine: machine.kill(), LOST_SILENCE_S)
    cluster.join(machine)
    return note


def the_machine_of_a_stage_dies(kafka, cluster):
    """It costs the replay of what it had, of which the writer drops what comes twice."""
    with Job(kafka, cluster, '[map]\nexec = "rk-map --stamp"\nhosts = "others"\n') as job:
        with job.loaded(1, "--split", "map"):
            wait_until(lambda: len(joined(job.name)) == 1, 60, "the stage has joined")
            time.sleep(SETTLED_S)
            [pid], began = joined(job.name), time.monotonic()
            machine = next(each for each in cluster.workers if each.has(pid))
            check(not machine.has(slots(job.name)[0][0]), "it is on another machine than its slot")
            machine.kill()
            wait_until(lambda: len(joined(job.name)) == 1, 60, "it runs elsewhere")
            moved = started_at(joined(job.name)[0]) - began
            time.sleep(2 * SETTLED_S)
        cluster.join(machine)
        return job.check(LOST_SILENCE_S, before=f"joined from another machine after {moved:.1f} s; ")


def cut(seconds):
    def harm(machine):
        machine.cut()
        time.sleep(seconds)
        machine.mend()

    return harm


def a_worker_is_cut_off_for_5_s(kafka, cluster):
    return disturb(kafka, cluster, cut(5), LOST_SILENCE_S)[0]


def a_worker_is_cut_off_for_60_s(kafka, cluster):
    """Its slot moves; when it comes back it gives way, and its Ray ends, so it has to join again."""
    note, machine = disturb(kafka, cluster, cut(60), LOST_SILENCE_S)
    wait_until(lambda: machine.process.poll() is not None, 120, "Ray on it has ended")
    cluster.join(machine)
    return note


def the_drivers_machine_dies(kafka, cluster):
    """And with it the controller, if it is there."""
    with Job(kafka, cluster) as job:
        with job.loaded(2):
            before = slots(job.name)
            cluster.driver.kill()
            job.driver.wait(60)
            time.sleep(20)
        check(slots(job.name) == before, "slots were started again")
        cluster.join(cluster.driver)
        return job.check(PLANNED_SILENCE_S)


def the_head_dies(kafka, cluster):
    """Without a Redis the cluster is lost with it: the slots go on until their raylets give up, and the pipeline that is
    submitted to the next cluster continues where they were."""
    with Job(kafka, cluster) as job:
        with job.loaded(2):
            began = time.monotonic()
            cluster.head.kill()
            others = [cluster.driver, *cluster.workers]
            wait_until(lambda: not slots(job.name), 180, "the raylets have given up")
            went_on = time.monotonic() - began
            for machine in others:
                machine.kill()
            cluster.start_head()
            for machine in others:
                cluster.join(machine)
            job.start(2)
            job.wait_shared(2)
        return job.check(LONGEST_WITHOUT_A_HEAD_S, "--allow-duplicates", before=f"the slots went on for {went_on:.0f} s; ")


TESTS = (first_result, slots_come_and_go, slots_are_replaced_one_by_one, a_worker_dies, the_machine_of_a_stage_dies,
         a_worker_is_cut_off_for_5_s, a_worker_is_cut_off_for_60_s, the_drivers_machine_dies, the_head_dies)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("network namespaces take root")
        sys.exit(77)
    chosen = [test for test in TESTS if len(sys.argv) == 1 or test.__name__ in sys.argv]
    with Network() as network:
        made = []

        def with_cluster(test):
            def run(kafka):
                if not made:
                    made.append(RayCluster(network, kafka, 3, 2))
                return test(kafka, made[0])

            run.__name__ = test.__name__
            return run

        sys.exit(main(*map(with_cluster, chosen), kafka_class=NetworkKafka))
