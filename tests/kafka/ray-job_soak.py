#!/usr/bin/env python3
"""rk-ray as its users have it: the wheel, installed in an environment of its own beside ray[default], a job that is submitted
and stopped, Prometheus' way to its metrics, and Ray's autoscaler, which starts a node for a slot. As root; fetches from PyPI
what ray[default] has beside Ray."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from main_job import BIN, DEPS, SOURCE, check, main, wait_until
from ray_network import PACKAGE, Network, NetworkKafka, RayCluster, slots

PARTITIONS, COUNT = 4, 2000
LOAD_S = 40
RAY = DEPS / "ray/bin/python"
DASHBOARD = ["--include-dashboard=true", "--dashboard-host=127.0.0.1"]
TARGETS = "/tmp/ray/prom_metrics_service_discovery.json"


def output_of(*words, stderr=subprocess.PIPE, **options):
    done = subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, stderr=stderr, text=True, check=False, **options)
    check(done.returncode == 0, f"{words} exits {done.returncode}: {done.stdout[-2000:]}{(done.stderr or '')[-2000:]}")
    return done.stdout


class Installed:
    """A virtual environment with the wheel, the Ray of $RK_DEPS_DIR, and what ray[default] has beside it."""

    def __init__(self, folder):
        self.bin = folder / "venv/bin"
        output_of(RAY, "-m", "venv", "--without-pip", folder / "venv")
        [packages] = (folder / "venv/lib").glob("python*/site-packages")
        there = output_of(RAY, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        (packages / "ray.pth").write_text(there)
        version = output_of(RAY, "-c", "import ray; print(ray.__version__)").strip()
        source = folder / "rk_ray"
        output_of("cp", "-r", PACKAGE, source)  # setuptools builds in the folder
        output_of("python3", "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, source)
        [self.wheel] = folder.glob("rk_ray-*.whl")
        pip = ["python3", "-m", "pip", "--quiet", "--python", self.bin / "python", "install"]
        output_of(*pip, self.wheel, f"ray[default]=={version}")


def the_wheel_has_the_command(installed):
    env = {"PATH": f"{installed.bin}:/usr/bin:/bin"}
    text = (SOURCE / "CMakeLists.txt").read_text()
    check(f"VERSION {output_of('rk-ray', '--version', env=env).split()[1]} " in text, "the version is that of the tools")
    check("ray job submit" in output_of("rk-ray", "--help", env=env), "--help says how to submit a job")
    where = output_of(installed.bin / "python", "-c", "import rk_ray; print(rk_ray.__path__[0])", env=env)
    check("venv" in where, f"it is the wheel's, not {where}")
    check((Path(where.strip()) / "py.typed").exists(), "it is typed")


def metrics_at_the_targets(machine):
    """All that a Prometheus gets from the targets that Ray has written."""
    groups = json.loads(output_of(*machine.inside(), "cat", TARGETS))
    text = ""
    for target in (target for group in groups for target in group["targets"]):
        with urllib.request.urlopen(f"http://{target}/metrics", timeout=10) as answer:
            text += answer.read().decode()
    return text


class Job:
    """A pipeline that copies a topic, in a folder of its own on the head; `between` is more of its file."""

    def __init__(self, kafka, cluster, name, between="", read=""):
        self.kafka, self.cluster, self.name = kafka, cluster, name
        self.source, self.output = kafka.topic(PARTITIONS), kafka.topic(PARTITIONS)
        self.group = f"g-{self.output}"
        self.folder = cluster.head.folder / name
        self.folder.mkdir()
        (self.folder / f"{name}.toml").write_text(
            f'[read]\nexec = "rk-read -t {self.source} -G {self.group} -X auto.offset.reset=earliest {read}"\n{between}'
            f'[write]\nexec = "rk-write -t {self.output}"\n')

    def here(self, *words):
        return output_of(*self.cluster.head.inside(), *words, env=self.cluster.env, stderr=subprocess.STDOUT)

    def ray(self, *words):
        return self.here(self.cluster.python, "-m", "ray.scripts.scripts", *words)

    def submit(self, *options):
        self.ray("job", "submit", "--no-wait", "--submission-id", self.name, "--working-dir", f"/tmp/{self.name}", "--",
                 "rk-ray", "run", f"{self.name}.toml", *options)

    def stop(self):
        """And waits until the pipeline has drained: that it takes longer than Ray waits for its driver is no matter."""
        self.ray("job", "stop", self.name)
        check("was stopped" in self.ray("job", "status", self.name), "the job is stopped")
        wait_until(lambda: f"{self.name}: ended" in self.here("rk-ray", "status", self.name), 60, "it has drained")


def a_job_is_submitted_seen_and_stopped(kafka, cluster):
    job = Job(kafka, cluster, "credit")
    job.submit("--slots", 2)
    kafka.fill(job.source, "-n", COUNT)
    wait_until(lambda: kafka.written(job.output) == COUNT, 180, "all is written")

    def lags():
        return [line for line in metrics_at_the_targets(cluster.head).splitlines() if line.startswith("ray_rk_lag_records{")]

    wait_until(lambda: all(f'slot="{slot}"' in "".join(lags()) for slot in range(2)), 120, "each slot's lag is at a target")
    seen = lags()[0]
    filler = threading.Thread(target=kafka.fill, args=(job.source, "-n", COUNT, "--rate", COUNT // LOAD_S, "--first-id", COUNT))
    filler.start()
    job.stop()
    filler.join()
    check("ready pipeline=" in job.ray("job", "logs", job.name), "what rk-run says is in the job's log")
    done = kafka.written(job.output)
    check(COUNT < done < 2 * COUNT, f"it was stopped under load, after {done} records")
    check(sum(kafka.committed(job.group, job.source).values()) == done, "what was written is committed, and nothing else")
    return f"{seen}; stopped after {done} of {2 * COUNT} records"


SLOW = '[map]\nexec = "rk-map --exec \'while read -r line; do sleep 0.02; echo \\"$line\\"; done\'"\n'
NODES = {
    "cluster_name": "fake", "max_workers": 2, "upscaling_speed": 1.0, "idle_timeout_minutes": 5,
    "head_node_type": "ray.head.default",
    "provider": {"type": "fake_multinode", "use_node_id_as_ip": True, "disable_node_updaters": True,
                 "disable_launch_config_check": True},
    "available_node_types": {"ray.head.default": {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
                             "node": {"resources": {"CPU": 1}, "node_config": {}, "min_workers": 0, "max_workers": 2}},
    **{name: {} for name in ("auth", "docker", "file_mounts")},
    **{name: [] for name in ("cluster_synced_files", "initialization_commands", "setup_commands", "head_setup_commands",
                             "worker_setup_commands", "head_start_ray_commands", "worker_start_ray_commands")},
}
"""For Ray's own provider of nodes that are processes on the head's machine."""


def the_autoscaler_starts_a_node_for_a_slot(kafka, cluster):
    """None is there for the first slot, nor for the second, which the lag asks for."""
    (cluster.head.folder / "nodes.json").write_text(json.dumps(NODES))
    for machine in (cluster.head, cluster.driver, *cluster.workers):
        machine.kill()
    cluster.env.update(AUTOSCALER_UPDATE_INTERVAL_S="1", RAY_FAKE_CLUSTER="1")
    cluster.head_options = [*DASHBOARD, "--autoscaling-config=/tmp/nodes.json"]
    cluster.start_head()
    job = Job(kafka, cluster, "slow", SLOW, "--batch-size 10 --window-batches 4")
    kafka.fill(job.source, "-n", COUNT)
    began = time.monotonic()
    job.submit("--cpus", 1, "--scale-up-lag", 500, "--max", 2)
    counts = []
    for count in (1, 2):
        wait_until(lambda: len(slots("slow")) == count, 180, f"{count} slots run")
        counts.append(f"{count} after {time.monotonic() - began:.0f} s")
    job.stop()
    return f"slots: {', '.join(counts)}"


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("network namespaces take root")
        sys.exit(77)
    # Not in /tmp, of which each machine has its own.
    with Network() as network, tempfile.TemporaryDirectory(dir=BIN.parent) as name:
        installed = Installed(Path(name))
        the_wheel_has_the_command(installed)

        made = []

        def with_cluster(test):
            def run(kafka):
                if not made:
                    made.append(RayCluster(network, kafka, 1, 2, installed.bin / "python", DASHBOARD))
                return test(kafka, made[0])

            run.__name__ = test.__name__
            return run

        tests = (a_job_is_submitted_seen_and_stopped, the_autoscaler_starts_a_node_for_a_slot)
        sys.exit(main(*map(with_cluster, tests), kafka_class=NetworkKafka))
