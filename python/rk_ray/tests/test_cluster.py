"""Pipelines on a real local cluster, with a real Kafka: what is placed, moved, resized, killed and stopped, and that no
record is lost by it. pytest -m cluster"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import ray
from main_job import wait_until
from pipeline_job import alive

from rk_ray import Pipeline, RkRayError, Running, Split
from rk_ray.controller import controller_name
from rk_ray.model import NAMESPACE

pytestmark = pytest.mark.cluster
COUNT, RATE = 6000, 300


class Job:
    """A pipeline that copies a topic; nothing of it outlives the `with` block."""

    def __init__(self, kafka, tmp_path, *, partitions=4, read="", between=""):
        self.kafka = kafka
        self.source, self.output = kafka.topic(partitions), kafka.topic(partitions)
        self.name = f"p-{self.output}"
        self.group = f"g-{self.output}"
        self.file = tmp_path / f"{self.name}.toml"
        self.file.write_text(f'[read]\nexec = "rk-read -t {self.source} -G {self.group} -X auto.offset.reset=earliest '
                             f'{read}"\n{between}[write]\nexec = "rk-write -t {self.output}"\n')
        self.filler = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            running = Running(self.name)
        except RkRayError:
            return
        if kind is not None:
            print(running.status(), *(line for one in running.status().slots if one.node for line in running.logs(one.slot)),
                  sep="\n", file=sys.stderr)
        running.stop()
        running.wait(60)
        running.forget()

    def run(self, **options):
        return Pipeline(self.file).run(**{"cpus": 1, **options})

    def fill(self, count=COUNT, rate=0, first=0):
        self.kafka.fill(self.source, "-n", count, "--rate", rate, "--first-id", first)

    def fill_slowly(self, first=0):
        """COUNT records, RATE a second, while the test does other things."""
        self.filler = threading.Thread(target=self.fill, args=(COUNT, RATE, first))
        self.filler.start()

    def check(self, *options):
        if self.filler:
            self.filler.join()
        wait_until(lambda: self.kafka.written(self.output) >= self.kafka.written(self.source), 90, "all is written")
        self.kafka.wait_committed(self.group, self.source)
        return self.kafka.compare(self.source, self.output, "--by", "id", "--group", self.group, *options)


@pytest.fixture
def job(kafka, cluster, tmp_path):
    with Job(kafka, tmp_path) as made:
        yield made


def states(running):
    return [one.state for one in running.status().slots]


def wait_running(running, slots, timeout=90):
    wait_until(lambda: states(running) == ["running"] * slots, timeout, f"{slots} slots run")


def members(kafka, group):
    """The group's members by their group.instance.id."""
    rows = kafka.tool("tool", "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "--describe", "--members",
                      "--group", group).splitlines()
    table = [row.split() for row in rows if row.strip()]
    column = next((row.index("GROUP-INSTANCE-ID") for row in table if "GROUP-INSTANCE-ID" in row), None)
    return sorted(row[column] for row in table if column is not None and row[0] == group)


def test_slots_come_and_go_under_load_and_nothing_is_lost_or_comes_twice(job):
    began = time.monotonic()
    running = job.run()
    job.fill(1)
    wait_until(lambda: job.kafka.written(job.output) == 1, 90, "the first result")
    print(f"submit to first result: {time.monotonic() - began:.1f} s")
    job.fill_slowly()
    for slots in (3, 1):
        running.resize(slots)
        wait_running(running, slots)
        assert members(job.kafka, job.group) == [f"{job.name}-{slot}-read-0" for slot in range(slots)]
    job.filler.join()
    job.kafka.wait_committed(job.group, job.source)
    status = running.status()
    assert (status.state, status.wanted, status.slots[0].restarts) == ("running", 1, 0)
    running.stop()
    assert running.wait(60) == 0
    assert members(job.kafka, job.group) == []
    # The first record came alone; its id comes once more.
    assert job.kafka.written(job.output) == COUNT + 1


def test_slots_are_spread_and_are_told_their_name_cores_and_gpu(job):
    running = job.run(slots=2, cpus=2, gpus=1)
    wait_running(running, 2)
    nodes = {ray.get_actor(f"{job.name}/{slot}", NAMESPACE)._actor_id: slot for slot in range(2)}
    assert len(nodes) == 2
    for one in running.status().slots:
        with open(f"/proc/{one.pid}/cmdline") as file:
            words = file.read().split("\0")
        assert words[0] == "rk-run" and words[1:7] == ["--name", f"{job.name}-{one.slot}", "--instance",
                                                      f"{job.name}-{one.slot}", "--cpus", "2"]
        assert environment(one.pid)["CUDA_VISIBLE_DEVICES"] == "0"


def parent(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rpartition(")")[2].split()[1])


def environment(pid):
    with open(f"/proc/{pid}/environ") as file:
        return dict(line.split("=", 1) for line in file.read().split("\0") if line)


@pytest.fixture
def split_job(kafka, cluster, tmp_path):
    """A stage between the ends that others join for."""
    with Job(kafka, tmp_path, between='[map]\nexec = "rk-map --stamp"\nhosts = "others"\n') as made:
        yield made


def joined(running):
    [one] = running.status().joined
    return one


def test_a_stage_is_on_another_node_with_the_gpu_and_comes_back_when_it_or_its_slot_dies(split_job):
    running = split_job.run(gpus=1, split=Split("map"))
    wait_until(lambda: [one.state for one in running.status().joined] == ["running"], 180, "the stage has joined")
    wait_running(running, 1)
    slot, other = running.status().slots[0], joined(running)
    ends, stage = environment(slot.pid), environment(other.pid)
    assert ends["RAY_RAYLET_PID"] != stage["RAY_RAYLET_PID"]
    assert (ends.get("CUDA_VISIBLE_DEVICES", ""), stage["CUDA_VISIBLE_DEVICES"]) == ("", "0")
    split_job.fill_slowly()
    time.sleep(3)
    os.kill(parent(other.pid), signal.SIGKILL)
    wait_until(lambda: joined(running).pid not in (None, other.pid) and joined(running).state == "running", 60, "it is back")
    split_job.check()  # nothing twice
    split_job.fill_slowly(first=COUNT)
    again = joined(running).pid
    os.kill(parent(slot.pid), signal.SIGKILL)
    wait_until(lambda: running.status().slots[0].pid not in (None, slot.pid), 60, "the slot is back")
    wait_until(lambda: joined(running).state == "running" and joined(running).pid != again, 60, "the stage has joined it")
    split_job.check("--allow-duplicates")
    running.roll()
    wait_until(lambda: not running.status().rolling, 60, "both are rolled")
    split_job.fill(100, first=2 * COUNT)
    split_job.check("--allow-duplicates")


def test_a_stage_that_the_file_does_not_have_ends_the_pipeline(split_job):
    running = split_job.run(split=Split("infer"))
    assert running.wait(60) == 64
    assert running.status().reason.startswith("slot 0/infer.0 ended with status 64")


def test_a_slot_whose_process_is_killed_comes_back_and_rk_run_never_outlives_it(job):
    running = job.run(slots=2)
    wait_running(running, 2)
    job.fill_slowly()
    before = running.status().slots[1]
    os.kill(parent(before.pid), signal.SIGKILL)
    wait_until(lambda: not alive(before.pid), 5, "rk-run is gone with its actor")
    wait_until(lambda: running.status().slots[1].pid not in (None, before.pid), 60, "the slot is back")
    job.check("--allow-duplicates")


def test_rk_run_that_is_killed_is_started_again(job):
    running = job.run()
    wait_running(running, 1)
    os.kill(running.status().slots[0].pid, signal.SIGKILL)
    wait_until(lambda: running.status().slots[0].restarts == 1, 30, "it is started again")
    wait_running(running, 1)
    job.fill(100)
    job.check()
    assert any("rk-run ended with status 137: restarting in_s=1" in line for line in running.logs(0))


def test_a_lost_node_has_its_slot_start_elsewhere(job, cluster):
    node = cluster.add_node(num_cpus=2, resources={"doomed": 1})
    running = job.run(slots=3, cpus=1.5)  # one for each node
    wait_running(running, 3)
    job.fill_slowly()
    time.sleep(2)
    pids = [one.pid for one in running.status().slots]
    began = time.monotonic()
    cluster.remove_node(node, allow_graceful=False)
    wait_until(lambda: sum(not alive(pid) for pid in pids) == 1, 20, "the node's rk-run is gone")
    # Three slots of 1.5 have no room on two nodes of 2: with two wanted, the one that is left over goes.
    running.resize(2)
    wait_running(running, 2)
    print(f"node killed to all slots running: {time.monotonic() - began:.1f} s")
    job.check("--allow-duplicates")


def test_slots_are_started_anew_one_after_the_other(job):
    running = job.run(slots=2)
    wait_running(running, 2)
    before = [one.pid for one in running.status().slots]
    job.fill(100)
    running.roll()
    seen = set()

    def over():
        status = running.status()
        seen.add(tuple(one.state == "running" for one in status.slots))
        return not status.rolling

    wait_until(over, 60, "all are rolled")
    assert (False, False) not in seen
    after = running.status().slots
    assert [one.restarts for one in after] == [0, 0] and all(one.pid not in before for one in after)
    job.check()


def test_a_controller_that_is_killed_finds_its_slots(job):
    running = job.run()
    running.resize(2)
    wait_running(running, 2)
    before = [one.pid for one in running.status().slots]
    ray.kill(ray.get_actor(controller_name(job.name), NAMESPACE), no_restart=False)

    def adopted():
        try:
            return running.status().wanted == 2 and states(running) == ["running"] * 2
        except RkRayError:
            return False

    wait_until(adopted, 60, "the controller is back")
    assert [one.pid for one in running.status().slots] == before


def test_a_controller_that_is_killed_while_a_pipeline_stops_wakes_nothing(job):
    running = job.run(slots=2)
    wait_running(running, 2)
    ray.get(ray.get_actor(f"{job.name}/0", NAMESPACE).drain.remote())
    ray.get(ray.get_actor(f"{job.name}/1", NAMESPACE).drain.remote())
    ray.kill(ray.get_actor(controller_name(job.name), NAMESPACE), no_restart=False)
    assert running.wait(60) == 0


def test_an_exit_status_that_will_not_get_better_ends_the_job_with_it(job):
    job.file.write_text(job.file.read_text() + "maximum = 3\n")
    running = job.run(slots=2)
    assert running.wait(60) == 78
    assert "status 78" in running.status().reason
    job.file.write_text(job.file.read_text().replace("maximum", "replicas"))
    job.run()  # its name is free again


def test_a_pipeline_that_reads_to_the_end_finishes(kafka, cluster, tmp_path):
    with Job(kafka, tmp_path, read="-e") as job:
        job.fill(500)
        assert job.run(slots=2).wait(90) == 0
        job.check()


def test_the_same_is_watched_and_another_of_that_name_refused(job):
    running = job.run()
    assert job.run().name == running.name
    with pytest.raises(RkRayError, match="already, with another file or other arguments"):
        job.run(slots=2)
    with pytest.raises(RkRayError, match="no pipeline nothing is on this cluster"):
        Running("nothing")


def rk_ray(*arguments, **options):
    return subprocess.run([sys.executable, "-m", "rk_ray.command", *map(str, arguments)], capture_output=True, text=True,
                          timeout=120, **options)


@contextlib.contextmanager
def driving(job):
    """rk-ray run, which does not outlive the `with` block."""
    with subprocess.Popen([sys.executable, "-m", "rk_ray.command", "run", job.file], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as driver:
        try:
            yield driver
        finally:
            driver.kill()


def test_the_command_runs_shows_resizes_and_stops(job):
    with driving(job) as driver:
        def row():
            return rk_ray("status", job.name).stdout

        wait_until(lambda: "0     running" in row(), 90, "it runs")
        assert rk_ray("resize", job.name, 2).returncode == 0
        wait_until(lambda: "1     running" in row(), 90, "two run")
        assert json.loads(rk_ray("status", "--json").stdout)["wanted"] == 2
        assert "info: ready pipeline=" in rk_ray("logs", job.name, 1).stdout
        assert rk_ray("logs", job.name, 7).returncode == 69
        job.fill(100)
        wait_until(lambda: job.kafka.written(job.output) == 100, 30, "all is written")
        driver.send_signal(signal.SIGTERM)
        said = driver.communicate(timeout=60)[0]
        assert driver.returncode == 0, said
        assert f"({job.name}-0 pid=" in said and "info: ready pipeline=" in said
    assert "ended" in rk_ray("status", job.name).stdout
    job.check()


def test_a_driver_that_is_killed_leaves_the_pipeline_running(job):
    with driving(job):
        wait_until(lambda: "running" in rk_ray("status", job.name).stdout, 90, "it runs")
    time.sleep(2)
    job.fill(100)
    job.check()
    assert rk_ray("stop", job.name).returncode == 0


def test_slots_follow_the_lag(kafka, cluster, tmp_path):
    """A map that takes 20 ms a record: 1,500 records are more than 500 for longer than 15 s."""
    slow = '[map]\nexec = "rk-map --exec \'while read -r line; do sleep 0.02; echo \\"$line\\"; done\'"\n'
    with Job(kafka, tmp_path, between=slow, read="--batch-size 10 --window-batches 4") as job:
        job.fill(1500)
        running = job.run(scale_up_lag=500, max_slots=2)
        wait_until(lambda: running.status().wanted == 2, 60, "a slot more")
        wait_until(lambda: running.status().wanted == 1, 180, "one less")
        wait_running(running, 1)
        job.check()
