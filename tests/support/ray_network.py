"""Machines of a Ray cluster: each a network namespace on a bridge with processes, /tmp and a host name of its own, so that
it can be cut off or lose its power. Needs root."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from main_job import BIN, DEPS, SOURCE, Kafka, check, wait_until
from pipeline_job import alive

NETWORK = "10.88.0"
BRIDGE = "rk-bridge"
PYTHON = DEPS / "ray/bin/python"
PACKAGE = SOURCE / "python/rk_ray"
# What python/rk_ray/README.md recommends.
SETTINGS = {"RAY_health_check_initial_delay_ms": "1000", "RAY_health_check_period_ms": "1000",
            "RAY_health_check_timeout_ms": "1000", "RAY_health_check_failure_threshold": "4", "RAY_worker_niceness": "0"}


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Network:
    """The bridge, on which this machine is .1; gone after the `with` block, with the machines that are left."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rk-machines-"))
        self.machines = []
        subprocess.run(["ip", "link", "del", BRIDGE], check=False, capture_output=True)
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("addr", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        return self

    def __exit__(self, *_):
        for machine in self.machines:
            machine.kill()
            ip("netns", "del", machine.namespace)
        ip("link", "del", BRIDGE)
        shutil.rmtree(self.folder, ignore_errors=True)

    def machine(self, name):
        self.machines.append(Machine(self, name, f"{NETWORK}.{len(self.machines) + 2}"))
        return self.machines[-1]


class Machine:
    """Its first process is a shell, with which all others die."""

    def __init__(self, network, name, address):
        self.name, self.address, self.namespace, self.link = name, address, f"rk-{name}", f"rk-{name}"
        self.folder = network.folder / name
        self.folder.mkdir()
        self.log = network.folder / f"{name}.log"
        self.process, self.since = None, 0
        for what in (["link", "del", self.link], ["netns", "del", self.namespace]):  # of a run before
            subprocess.run(["ip", *what], check=False, capture_output=True)
        ip("netns", "add", self.namespace)
        ip("link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", self.namespace)
        ip("link", "set", self.link, "master", BRIDGE, "up")
        for words in (("addr", "add", f"{address}/24", "dev", "eth0"), ("link", "set", "eth0", "up"), ("link", "set", "lo", "up")):
            ip("-n", self.namespace, *words)

    def power_on(self, *command, env=None):
        """Runs it, and what the shell of this machine says is in its log."""
        script = f'mount --bind {self.folder} /tmp && hostname {self.name} && {{ "$@" & wait; }}'
        with open(self.log, "a") as log:
            self.since = log.tell()
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.namespace, "unshare", "--mount", "--uts", "--pid", "--fork", "--mount-proc",
                 "--kill-child=SIGKILL", "bash", "-c", script, "bash", *map(str, command)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=env)

    def said(self):
        """Since its power is on."""
        return self.log.read_text()[self.since:]

    def inside(self):
        """What a command begins with that is to run on this machine."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return ["nsenter", "--target", children[0], "--mount", "--uts", "--pid", "--net", "--"]

    def kill(self):
        """As if its power failed, but that the kernel still closes its connections."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def cut(self):
        ip("link", "set", self.link, "down")

    def mend(self):
        ip("link", "set", self.link, "up")

    def has(self, pid):
        """True for a process of this machine."""
        try:
            return os.stat(f"/proc/{pid}/ns/net").st_ino == os.stat(f"/run/netns/{self.namespace}").st_ino
        except FileNotFoundError:
            return False


class NetworkKafka(Kafka):
    """A Kafka of its own that the machines can reach."""

    def __enter__(self):
        os.environ.pop("RK_KAFKA_DIR", None)
        super().__enter__()
        self.tool("stop")
        port = self.brokers.rpartition(":")[2]
        path = pathlib.Path(self.dir, "server.properties")
        path.write_text(re.sub(rf"\bPLAINTEXT://127.0.0.1:{port}\b", f"PLAINTEXT://{NETWORK}.1:{port}", path.read_text()))
        self.tool("start")
        self.brokers = f"{NETWORK}.1:{port}"
        return self


class RayCluster:
    """A head and workers, and a machine for the driver, on a Network. `python` has Ray, and if it is not the usual one, rk_ray too."""

    def __init__(self, network, kafka, workers, cpus, python=PYTHON, head_options=("--include-dashboard=false",)):
        self.python, self.head_options = python, head_options
        self.env = {**os.environ, **SETTINGS, "PATH": f"{BIN}:{python.parent}:/usr/sbin:/usr/bin:/sbin:/bin",
                    "PYTHONPATH": str(PACKAGE) if python == PYTHON else "", "RK_BROKERS": kafka.brokers,
                    "RK_RUNTIME_DIR": "/tmp/rk", "PYTHONDONTWRITEBYTECODE": "1", "RAY_USAGE_STATS_ENABLED": "0"}
        self.env.pop("RK_KAFKA_DIR", None)
        self.head = network.machine("head")
        self.driver = network.machine("driver")
        self.workers = [network.machine(f"node{number}") for number in range(workers)]
        self.cpus = cpus
        self.start_head()
        for machine in (self.driver, *self.workers):
            self.join(machine)

    def start_head(self):
        self.start(self.head, 0, "--head", "--port=6379", *self.head_options)

    def join(self, machine):
        self.start(machine, 0 if machine is self.driver else self.cpus, f"--address={self.head.address}:6379")

    def start(self, machine, cpus, *options):
        machine.power_on(self.python, "-m", "ray.scripts.scripts", "start", "--block", f"--node-ip-address={machine.address}",
                         f"--num-cpus={cpus}", "--object-store-memory=80000000", "--disable-usage-stats", *options, env=self.env)
        wait_until(lambda: "Ray runtime started" in machine.said() or machine.process.poll() is not None, 120,
                   f"Ray is up on {machine.name}")
        check(machine.process.poll() is None, f"Ray does not start on {machine.name}: {machine.said()[-3000:]}")

    def rk_ray(self, *words, on=None):
        """The command on a machine, the driver's by default, as a process."""
        machine = on or self.driver
        log = open(f"{machine.log}.rk-ray", "a")  # noqa: SIM115: as long as the process
        return subprocess.Popen([*machine.inside(), self.python, "-m", "rk_ray.command", *map(str, words)], stdin=subprocess.DEVNULL,
                                stdout=log, stderr=subprocess.STDOUT, env=self.env)

    def tell(self):
        """The last lines of every log."""
        for machine in (self.head, self.driver, *self.workers):
            for path in (machine.log, pathlib.Path(f"{machine.log}.rk-ray")):
                if path.exists():
                    print(f"--- {path.name}:\n{path.read_text()[-1500:]}", file=sys.stderr)


def started_at(pid):
    """On time.monotonic()."""
    with open(f"/proc/{pid}/stat") as stat:
        ticks = int(stat.read().rpartition(")")[2].split()[19])
    return ticks / os.sysconf("SC_CLK_TCK") - (time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic())


def runs(name, option):
    """The rk-run processes of a pipeline that live and have that option, wherever they are: the words of each by its pid."""
    found = {}
    for each in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (each / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if words[0] == "rk-run" and option in words and words[2].startswith(f"{name}-") and alive(int(each.name)):
            found[int(each.name)] = words
    return found


def slots(name):
    """Pids by slot."""
    found = {}
    for pid, words in runs(name, "--instance").items():
        found.setdefault(int(words[words.index("--instance") + 1].rpartition("-")[2]), []).append(pid)
    return found


def joined(name):
    """Pids of those that join slots."""
    return list(runs(name, "--join"))
