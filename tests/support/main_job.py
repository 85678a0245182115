"""What the tests and benchmarks of the main job share: a real Kafka, topics, lines of stages.

RK_BIN is where the binaries are (default build/bin). RK_KAFKA_DIR is the folder of a Kafka that
ctest has started (tests/support/shared-kafka); without one each script starts its own.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("RK_BIN") or SOURCE / "build/bin")
DEPS = pathlib.Path(os.environ.get("RK_DEPS_DIR") or SOURCE / "build/deps")
MODELS = SOURCE / "tests/models"

# A job in the background of a shell ignores SIGINT, and so would the stages that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


class Broken(Exception):
    """A thing that had to hold does not; the text says which."""


def check(holds, text):
    if not holds:
        raise Broken(text)


def check_built(program):
    check(shutil.which(program), f"there is no {program}: build it, or say in RK_BIN where it is")


def run(*args, stdin=None, good=(0,), timeout=280):
    """Runs a program to its end and returns its stdout; its stderr is shown if it fails."""
    check_built(args[0])
    done = subprocess.run([str(a) for a in args], input=stdin, capture_output=True, text=True, timeout=timeout)
    check(done.returncode in good, f"{args[0]} exits {done.returncode}: {done.stderr}{done.stdout}")
    return done.stdout


def run_example(script, topics, *args, **env):
    """Runs a script of an example in less than a minute, in a copy of the folder in which it has other topics
    for its own; returns its stdout."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(shutil.copytree(script.parent, os.path.join(folder, script.parent.name))) / script.name
        text = copy.read_text()
        for name, topic in topics.items():
            text, count = re.subn(rf"(-t|--output) {name}\b", rf"\1 {topic}", text)
            check(count > 0, f"{script} has no topic {name}")
        copy.write_text(text)
        done = subprocess.run([copy, *map(str, args)], env={**os.environ, "RK_BIN": str(BIN), **env}, timeout=60,
                              capture_output=True, text=True)
    check(done.returncode == 0 and not done.stderr, f"{script} exits {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


class Kafka:
    """A real Kafka: the shared one, or one of its own for as long as the `with` block lasts."""

    def __enter__(self):
        shared = os.environ.get("RK_KAFKA_DIR", "")
        self.own = not os.path.exists(os.path.join(shared, "pid"))
        self.dir = tempfile.mkdtemp(prefix="rk-kafka-") if self.own else shared
        try:
            if self.own:
                self.prepare()
                self.tool("start")
            self.brokers = self.tool("env").strip().partition("=")[2]
        except BaseException:  # Ctrl-C too
            self.__exit__()
            raise
        self.client_properties = os.path.join(self.dir, "client.properties")
        return self

    def prepare(self):
        """What a Kafka of its own finds in its folder when it starts first: nothing, here."""

    def __exit__(self, *_):
        if self.own:
            subprocess.run([SOURCE / "scripts/dev-kafka", "stop", "--dir", self.dir], check=False)
            shutil.rmtree(self.dir)

    def tool(self, *args, **options):
        return run(SOURCE / "scripts/dev-kafka", *args, "--dir", self.dir, **options)

    def pid(self):
        """Of the broker's process."""
        return int(pathlib.Path(self.dir, "pid").read_text().split()[0])

    def address(self, listener):
        """Of SSL, SASL_SSL, …"""
        rows = [row.split() for row in self.tool("status").splitlines()]
        return next(row[1] for row in rows if row[0] == listener)

    def topic(self, partitions=4, **settings):
        """Makes a topic under a name that no other has, and returns the name."""
        name = "t" + uuid.uuid4().hex[:12]
        pairs = [f"{key.replace('_', '.')}={value}" for key, value in settings.items()]
        options = [option for pair in pairs for option in ("-c", pair)]
        self.tool("topic", "create", name, "-p", partitions, *options)
        return name

    def delete(self, *topics):
        self.tool("topic", "delete", *topics)

    def ends(self, topic):
        """The end offset of each partition."""
        rows = [line.split() for line in self.tool("topic", "describe", topic).splitlines()]
        return {int(partition): int(end) for partition, _, end in rows}

    def written(self, topic):
        """How many records the topic has had, in all partitions."""
        return sum(self.ends(topic).values())

    def wait_committed(self, group, topic, timeout=60):
        """Until the group has committed all that there is."""
        end = self.written(topic)
        wait_until(lambda: sum(self.committed(group, topic).values()) == end, timeout, "all is committed")

    def committed(self, group, topic):
        """What the group has committed of the topic, by partition; nothing where it has not."""
        rows = [line.split() for line in self.tool("committed", group).splitlines()]
        return {int(partition): int(offset) for name, partition, offset in rows if name == topic}

    def support(self, program, *args, **options):
        """Runs a program of tests/support against this Kafka; returns its JSON, if it is that."""
        out = run(BIN / "support" / program, "-b", self.brokers, *args, **options)
        return json.loads(out) if out.startswith("{") else out

    def fill(self, topic, *args, **options):
        return self.support("kfill", "-t", topic, *args, **options)

    def compare(self, source, output, *args):
        """What kcheck says; it must say that all is well."""
        found = self.support("kcheck", source, output, *args, good=(0, 1))
        check(found["good"], f"{output} is not what {source} is: {found}")
        return found

    def records(self, topic):
        """All records of a topic, each (key, value, headers, timestamp)."""
        return [parse_record(line) for line in self.support("kdump", "-t", topic).splitlines()]


    def latency(self, source, output, rate, seconds, warm_up_s):
        """Sends `rate` stamped records a second through a line that is starting up, and returns what
        klatency says of all but the first `warm_up_s` seconds."""
        count = rate * seconds
        meter = [BIN / "support/klatency", "-b", self.brokers, "-t", output, "-n", str(count + 1),
                 "--skip", str(rate * warm_up_s + 1), "--timeout", str(seconds + 150)]
        with subprocess.Popen(meter, stdout=subprocess.PIPE, text=True) as measuring:
            try:
                # One record ahead, so that it begins when the whole line is up.
                self.fill(source, "-n", 1, "--stamp", "--first-id", count)
                wait_until(lambda: self.written(output) > 0, 90, "the line is up")
                self.fill(source, "-n", count, "--stamp", "--rate", rate)
                said = measuring.communicate()[0]
            finally:
                measuring.kill()  # it would be waited for as long as its time-out
        check(measuring.returncode == 0, "klatency failed")
        return json.loads(said)


def unhex(text):
    return None if text == "-" else bytes.fromhex(text)


def parse_record(line):
    _, _, timestamp, key, value, *headers = line.split("\t")
    pairs = [header.split("=") for header in headers]
    return unhex(key), unhex(value), [(unhex(n).decode(), unhex(v)) for n, v in pairs], int(timestamp)


def record_line(key, value, timestamp, headers=()):
    """The line from which kfill --lines makes this record."""
    text = ["-" if data is None else data.hex() for data in (key, value)]
    pairs = [name.encode().hex() + "=" + ("-" if data is None else data.hex()) for name, data in headers]
    return "\t".join([str(timestamp), *text, *pairs]) + "\n"


def rk_read(kafka, topic, group, *more):
    return [BIN / "rk-read", "-b", kafka.brokers, "-t", topic, "-G", group, "-X", "auto.offset.reset=earliest", *more]


def rk_infer(model, *more):
    return [BIN / "rk-infer", "-m", model, *more]


def rk_write(kafka, topic, *more):
    return [BIN / "rk-write", "-b", kafka.brokers, "-t", topic, *more]


class Line:
    """Stages joined by pipes as a shell joins them; none outlives the `with` block."""

    def __init__(self, *stages):
        for program, *_ in stages:
            check_built(program)
        self.folder = tempfile.mkdtemp(prefix="rk-line-")
        self.names = [pathlib.Path(args[0]).name for args in stages]
        self.stages = []
        environment = {**os.environ, "RK_RUNTIME_DIR": self.folder}  # what a killed stage leaves goes too
        taken = subprocess.DEVNULL
        for number, args in enumerate(stages):
            last = number == len(stages) - 1
            with open(self.log(number), "w") as log:
                stage = subprocess.Popen([str(a) for a in args], stdin=taken, stderr=log, env=environment,
                                         stdout=subprocess.DEVNULL if last else subprocess.PIPE)
            if number > 0:
                taken.close()  # or the stage before would never see a broken pipe
            taken = stage.stdout
            self.stages.append(stage)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            for number in range(len(self.stages)):
                print(f"--- {self.names[number]}:\n{self.stderr(number)[-4000:]}", file=sys.stderr)
        for stage in self.stages:
            stage.kill()
            stage.wait()
        shutil.rmtree(self.folder)

    def log(self, number):
        return os.path.join(self.folder, f"stderr-{number}")

    def stderr(self, number):
        with open(self.log(number)) as log:
            return log.read()

    def wait(self, timeout=120):
        """The exit codes of all stages, −n for a signal; all must exit in time."""
        deadline = time.monotonic() + timeout
        try:
            return [stage.wait(max(0, deadline - time.monotonic())) for stage in self.stages]
        except subprocess.TimeoutExpired:
            running = [n for n, stage in zip(self.names, self.stages) if stage.poll() is None]
            raise Broken(f"still running after {timeout} s: {', '.join(running)}") from None

    def finish(self, timeout=120):
        """Waits until each stage has exited 0."""
        codes = self.wait(timeout)
        check(codes == [0] * len(codes), f"exit codes {dict(zip(self.names, codes))}")

    def alive(self):
        return all(stage.poll() is None for stage in self.stages)

    def stop(self, timeout=30):
        """Ctrl-C, as all of a shell's line gets it."""
        for stage in self.stages:
            stage.send_signal(signal.SIGINT)
        return self.wait(timeout)


def cpu_seconds(pid):
    """Of all cores, that a process has had so far; OSError when it is gone."""
    with open(f"/proc/{pid}/stat") as stat:
        user, system = stat.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def wait_until(condition, timeout, what, pause=0.1):
    deadline = time.monotonic() + timeout
    while not condition():
        check(time.monotonic() < deadline, f"not within {timeout} s: {what}")
        time.sleep(pause)


def main(*tests, kafka_class=Kafka):
    """Runs functions of a Kafka, says how long each took, and returns 1 at the first that breaks."""
    with kafka_class() as kafka:
        for test in tests:
            start = time.monotonic()
            try:
                note = test(kafka)
            except Broken as error:
                print(f"FAILED {test.__name__}: {error}")
                return 1
            print(f"ok {test.__name__} ({time.monotonic() - start:.1f} s) {note or ''}", flush=True)
    return 0
