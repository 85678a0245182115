#!/usr/bin/env python3
"""rk-ray as its users have it: the wheel, installed in an environment of its own beside ray[default], a job that is submitted
and stopped, and Prometheus' way to its metrics. As root; fetches from PyPI what ray[default] has beside Ray."""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from main_job import DEPS, SOURCE, check, main, wait_until
from ray_network import PACKAGE, Network, NetworkKafka, RayCluster

PARTITIONS, COUNT = 4, 2000
RAY = DEPS / "ray/bin/python"
TARGETS = "ray/prom_metrics_service_discovery.json"


def output_of(*words, **options):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, **options)
    check(done.returncode == 0, f"{words} exits {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
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

    def python(self):
        return self.bin / "python"


def the_wheel_has_the_command(installed):
    env = {"PATH": f"{installed.bin}:/usr/bin:/bin"}
    text = (SOURCE / "CMakeLists.txt").read_text()
    check(f"VERSION {output_of('rk-ray', '--version', env=env).split()[1]} " in text, "the version is that of the tools")
    check("ray job submit" in output_of("rk-ray", "--help", env=env), "--help says how to submit a job")
    where = output_of(installed.python(), "-c", "import rk_ray; print(rk_ray.__path__[0])", env=env)
    check("venv" in where, f"it is the wheel's, not {where}")
    check((Path(where.strip()) / "py.typed").exists(), "it is typed")


def metrics_at_the_targets(machine):
    """All that a Prometheus gets from the targets that Ray has written."""
    groups = json.loads((machine.folder / TARGETS).read_text())
    text = ""
    for target in (target for group in groups for target in group["targets"]):
        with urllib.request.urlopen(f"http://{target}/metrics", timeout=10) as answer:
            text += answer.read().decode()
    return text


def a_job_is_submitted_seen_and_stopped(kafka, cluster, wheel):
    source, output = kafka.topic(PARTITIONS), kafka.topic(PARTITIONS)
    folder = cluster.head.folder / "credit"
    folder.mkdir()
    (folder / "credit.toml").write_text(f'[read]\nexec = "rk-read -t {source} -G g-{output} -X auto.offset.reset=earliest"\n'
                                        f'[write]\nexec = "rk-write -t {output}"\n')

    def job(*words):
        return output_of(*cluster.head.inside(), cluster.python, "-m", "ray.scripts.scripts", "job", *words, env=cluster.env)

    job("submit", "--no-wait", "--submission-id", "credit", "--working-dir", "/tmp/credit", "--",
        "rk-ray", "run", "credit.toml", "--slots", "2")
    kafka.fill(source, "-n", COUNT)
    wait_until(lambda: kafka.written(output) == COUNT, 180, "all is written")
    wait_until(lambda: 'ray_rk_lag_records{' in metrics_at_the_targets(cluster.head), 120, "the lag is at a target of Prometheus")
    samples = [line for line in metrics_at_the_targets(cluster.head).splitlines() if line.startswith("ray_rk_lag_records{")]
    check({f'slot="{slot}"' for slot in range(2)} == {label for label in ('slot="0"', 'slot="1"') if label in "".join(samples)},
          f"each slot has its own: {samples}")
    kafka.fill(source, "-n", COUNT, "--first-id", COUNT)
    job("stop", "credit")
    check("STOPPED" in job("status", "credit"), "the job is stopped")
    wait_until(lambda: "ended" in output_of(*cluster.head.inside(), cluster.python.parent / "rk-ray", "status", "credit",
                                            env=cluster.env), 60, "the pipeline has drained")
    check("ready pipeline=" in job("logs", "credit"), "what rk-run says is in the job's log")
    done = kafka.written(output)
    check(sum(kafka.committed(f"g-{output}", source).values()) == done, "what was written is committed, and nothing else")
    return f"{wheel.name}; {samples[0]}; stopped after {done} of {2 * COUNT} records"


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("network namespaces take root")
        sys.exit(77)
    with Network() as network, tempfile.TemporaryDirectory() as name:
        installed = Installed(Path(name))
        the_wheel_has_the_command(installed)

        def a_job(kafka):
            options = ["--include-dashboard=true", "--dashboard-host=127.0.0.1"]
            cluster = RayCluster(network, kafka, 1, 2, installed.python(), options)
            return a_job_is_submitted_seen_and_stopped(kafka, cluster, installed.wheel)

        sys.exit(main(a_job, kafka_class=NetworkKafka))
