"""The programs that are measured beside each other, and how each is started for a kind of records."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from main_job import BIN, MODELS, SOURCE, rk_infer, rk_read, rk_write

BENCH = Path(os.environ.get("RK_BENCH_DIR") or SOURCE / "build/bench")
BEFORE = Path(os.environ.get("RK_BEFORE") or BENCH / "before")
PEERS = SOURCE / "scripts/bench/peers"
PYTHON = BENCH / "venv/bin/python"
JARS = BENCH / "streams/lib"
COMMIT_INTERVAL_MS = "100"  # where exactly once is compared: the default of both


@dataclass(frozen=True)
class Kind:
    """Records, and what is done to them."""

    name: str
    stages: list  # of ours, between rk-read and rk-write
    added: tuple = ()  # fields that a result has more
    fill: tuple = ()  # what kfill is told
    records: int = 1_000_000  # that a throughput run takes


KINDS = {kind.name: kind for kind in (
    Kind("passthrough", []),
    Kind("stamp", [[BIN / "rk-map", "--stamp"]], ("processed_at", "status")),
    Kind("score16", [rk_infer(MODELS / "mlp16.pt")], ("score",)),
    Kind("image784", [rk_infer(MODELS / "mlp784.pt")], ("scores",), ("--field", "image", "--numbers", 784), 200_000),
)}


@dataclass(frozen=True)
class Job:
    """What a line of processes is to do."""

    kafka: object
    kind: Kind
    source: str
    output: str
    latency: bool = False  # rather than throughput
    ends: bool = False  # by itself, at the end of the topic; most peers know no other way

    @property
    def group(self):
        return "g-" + self.output


@dataclass(frozen=True)
class Way:
    """A program, or a line of them, that does a job."""

    name: str
    commands: Callable  # of a Job: the stages, joined by pipes
    needs: Path  # what is there when the program is
    records: int = 0  # at most in a run: it is a slow one
    copies: bool = False  # whatever the kind of records
    ordered: bool = False  # keeps the order of a key's records
    timestamps: bool = False  # keeps them
    commits: bool = False  # to the group
    ends: bool = False  # by itself, at the end of the topic, where throughput is measured
    transactions: bool = False  # so the output has their marks too

    @property
    def slow(self):
        return self.records > 0

    def missing(self):
        return not shutil.which(self.needs) and not Path(self.needs).exists()


def rk(job, read=(), infer=()):
    stages = [[*stage, *(infer if stage[0] == BIN / "rk-infer" else ())] for stage in job.kind.stages]
    read = [*read, *(["-e"] if job.ends else [])]
    return [rk_read(job.kafka, job.source, job.group, *read), *stages, rk_write(job.kafka, job.output)]


def onnx(job):
    """The same weights as ONNX."""
    return [[word.with_suffix(".onnx") if isinstance(word, Path) and word.suffix == ".pt" else word for word in stage]
            for stage in rk(job)]


def rk_exactly_once(job):
    read, *middle, write = rk(job, read=["--exactly-once"])
    return [read, *middle, [*write, "--exactly-once", "--transactional-id", job.output, "--commit-interval",
                            COMMIT_INTERVAL_MS]]


def before(job):
    """The binaries of another version of rk, in RK_BEFORE."""
    return [[BEFORE / stage[0].relative_to(BIN), *stage[1:]] for stage in rk(job)]


def limit(job):
    """The plain loop only copies, whatever the kind."""
    more = [] if job.latency else ["-e"]
    return [[BIN / "support/bench-loop", "-b", job.kafka.brokers, job.source, job.output, "-G", job.group, *more]]


def kcat(job):
    # The best for it of what we tried, if by little; a longer linger.ms made no difference.
    return [["kcat", "-C", "-b", job.kafka.brokers, "-t", job.source, "-o", "beginning", "-e", "-q", "-K", "\t"],
            ["kcat", "-P", "-b", job.kafka.brokers, "-t", job.output, "-K", "\t",
             "-X", "queue.buffering.max.messages=1000000"]]


def ends(job):
    return ["--brokers", job.kafka.brokers, "--in", job.source, "--out", job.output]


def streams(job):
    model = {"score16": "mlp16.onnx", "image784": "mlp784.onnx"}.get(job.kind.name)
    leaves = BENCH / "streams/tmp"  # ONNX Runtime leaves an empty folder a run
    leaves.mkdir(exist_ok=True)
    return [["java", f"-Djava.io.tmpdir={leaves}", "-Xmx512m", "-cp", f"{JARS}/*", "Streams", "--case", job.kind.name,
             *ends(job), "--group", job.group, *(["--latency"] if job.latency else []),
             *(["--model", PEERS / "models" / model] if model else [])]]


def streams_exactly_once(job):
    return [[*streams(job)[0], "--exactly-once", COMMIT_INTERVAL_MS]]


def actors(processors):
    return lambda job: [[PYTHON, PEERS / "ray_actors.py", *ends(job), "--group", job.group, "--processors", processors]]


def dataset(job):
    return [[PYTHON, PEERS / "ray_dataset.py", *ends(job)]]


WAYS = {way.name: way for way in (
    Way("rk", rk, BIN / "rk-read", ordered=True, timestamps=True, commits=True),
    Way("onnx", onnx, BIN / "rk-read", ordered=True, timestamps=True, commits=True),
    Way("before", before, BEFORE / "rk-read", ordered=True, timestamps=True, commits=True),
    Way("limit", limit, BIN / "support/bench-loop", copies=True, ordered=True, timestamps=True, commits=True, ends=True),
    Way("kcat", kcat, Path("kcat"), copies=True, ordered=True, ends=True),
    Way("streams", streams, JARS, ordered=True, commits=True),
    Way("rk-exactly-once", rk_exactly_once, BIN / "rk-read", ordered=True, timestamps=True, commits=True, transactions=True),
    Way("streams-exactly-once", streams_exactly_once, JARS, ordered=True, commits=True, transactions=True),
    Way("actors-1", actors(1), PYTHON, records=10_000),
    Way("actors-4", actors(4), PYTHON, records=10_000),
    Way("dataset", dataset, PYTHON, records=300_000, ends=True),
)}
