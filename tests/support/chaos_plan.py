"""What a chaos run does, drawn from its seed before it begins: the pipeline, its load, and each fault with its time.
A plan names no process: a fault carries numbers by which it picks one of those that there are when it comes."""

import dataclasses
import random

# How often each fault comes, as against the others.
WEIGHTS = {"kill": 3, "term": 2, "freeze": 4, "freeze-writers": 2, "stutter": 3, "reload": 1, "scale": 1,
           "replace": 1, "restart": 0.5}
# These too where an output must be exactly what went in, whatever happens.
OF_EXACTLY_ONCE = {"kill-broker": 0.3, "freeze-broker": 0.7, "cut": 2, "guest": 2}
SHAPES = {"run": 6, "chain": 2, "lines": 2}
# Only a pipeline of rk-run can do these.
OF_RUN = {"reload", "scale", "replace", "restart"}
BETWEEN_FAULTS_S = 1.2  # on average


@dataclasses.dataclass
class Fault:
    at: float        # seconds after the start
    kind: str
    pick: float      # 0 to 1: which of the processes
    seconds: float   # for how long, where it lasts
    stopped: float   # of a stutter: seconds stopped, and running, in turn
    running: float

    def __str__(self):
        lasts = f" seconds={self.seconds:.2f}" if "freeze" in self.kind or self.kind == "stutter" else ""
        turns = f" stopped={self.stopped:.3f} running={self.running:.3f}" if self.kind == "stutter" else ""
        return f"{self.at:6.2f} {self.kind} pick={self.pick:.3f}{lasts}{turns}"


@dataclasses.dataclass
class Plan:
    seed: int
    seconds: float
    shape: str           # run: rk-run's; chain: balances wired by hand; lines: pipes of a shell, in one group
    partitions: int
    keys: int
    size: int            # bytes of a record
    prefilled: int       # records that are there before it begins
    rate: int            # records a second that come meanwhile
    per_partition: bool  # a reader for each
    readers: int
    batch: int
    middle: list         # of (what, replicas)
    parts: bool          # frames are so small that what has grown goes in parts
    writers: int
    window: str
    faults: list
    strategy: str        # by which the group's partitions are shared out; empty: not exactly once

    @property
    def exactly_once(self):
        return bool(self.strategy)


def log_uniform(draw, low, high):
    return low * (high / low) ** draw.random()


def draw_fault(draw, at, weights):
    return Fault(at, draw.choices(list(weights), list(weights.values()))[0], draw.random(),
                 log_uniform(draw, 0.1, 8), draw.uniform(0.1, 1.9), log_uniform(draw, 0.002, 0.1))


def draw_faults(draw, seconds, weights):
    faults, at = [], draw.uniform(0, 1)
    while at < seconds:
        faults.append(draw_fault(draw, at, weights))
        at += draw.expovariate(1 / BETWEEN_FAULTS_S)
    return faults


def draw_middle(draw):
    kinds = draw.choices(["stamp", "exec", "infer", "grow"], [3, 2, 1, 1], k=draw.choice([0, 1, 1, 2]))
    return [(kind, draw.randint(1, 3)) for kind in kinds]


def draw_plan(seed, seconds, shape=None, only=None, exactly_once=False):
    """`shape` and `only`, kinds of faults, leave less to chance."""
    draw = random.Random(seed)
    middle = draw_middle(draw)
    costly = any(kind in ("exec", "grow") for kind, _ in middle)
    drawn = draw.choices(list(SHAPES), list(SHAPES.values()))[0]
    shape = shape or drawn
    known = WEIGHTS | OF_EXACTLY_ONCE if exactly_once else WEIGHTS
    weights = {kind: weight for kind, weight in known.items()
               if (shape == "run" or kind not in OF_RUN) and (not only or kind in only)}
    return Plan(
        seed=seed, seconds=seconds, shape=shape,
        partitions=draw.randint(2, 6), keys=draw.choice([1, 20, 500]), size=draw.choice([240, 500, 2000]),
        prefilled=draw.choice([0, 1000, 2000 if costly else 10000]) * int(seconds),
        rate=draw.choice([500, 2000, 2000 if costly else 5000]),
        per_partition=draw.random() < 0.3 and not exactly_once, readers=draw.choice([1, 1, 2]),
        batch=draw.choice([10, 100, 500, 500]),
        middle=middle, parts=draw.random() < 0.3, writers=draw.choice([1, 2, 2, 2, 3]),
        window=draw.choice(["1MiB", "16MiB", "64MiB"]),
        faults=draw_faults(draw, seconds, weights),
        strategy=draw.choice(["range", "cooperative-sticky"]) if exactly_once else "")
