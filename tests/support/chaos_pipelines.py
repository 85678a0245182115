"""The pipelines of a chaos run, by the shape that its plan names. Each says which processes it has now, and keeps
them running: rk-run by itself, the others as a person's own supervisor would."""

import os
import re
import shlex
import shutil
import signal

from main_job import BIN, Line, check
from pipeline_job import Joined, Pipeline, alive, infer, reader, section, writer

MIDDLE = {"stamp": "rk-map --stamp", "exec": "rk-map --exec cat", "infer": infer("mlp16.pt"),
          "grow": f"rk-map --exec 'sed -u \"s/pad/&{'x' * 2500}/\"'"}
# With these a batch that has grown goes in parts.
SMALL_BATCHES, SMALL_FRAMES = "--batch-bytes 64KiB", "--max-frame 128KiB"
QUICK_SESSION = "-X session.timeout.ms=6000 -X heartbeat.interval.ms=500"
MOST_REPLICAS = 4
DRAIN_S = 30


class Commands:
    """The stages of a plan as a person would write them, without their links."""

    def __init__(self, kafka, plan, source, output):
        self.kafka, self.plan, self.source, self.output = kafka, plan, source, output
        self.limits = SMALL_FRAMES if plan.parts else ""

    def read(self, *more, batch=None):
        """Of an rk-run."""
        strategy = f"-X partition.assignment.strategy={self.plan.strategy}" if self.plan.exactly_once else ""
        return reader(self.kafka, self.source, f"g-{self.output}", "--batch-size", batch or self.plan.batch,
                      "--window-bytes", self.plan.window, SMALL_BATCHES if self.plan.parts else "", self.limits,
                      strategy, *more)

    def middle(self, kind, *more):
        return " ".join([MIDDLE[kind], self.limits, *more])

    def balance(self, *more):
        return " ".join(["rk-balance", self.limits, *more])

    def write(self, *more):
        """Of an rk-run."""
        return writer(self.kafka, self.output, self.limits, "-p same" if self.plan.exactly_once else "", *more)

    def member(self, name):
        """What a reader that no rk-run cares for has beside that."""
        return f"{QUICK_SESSION} --instance {self.output}-{name}" + (" --exactly-once" if self.plan.exactly_once else "")

    def slot(self, name):
        """And a writer."""
        return f"--exactly-once --transactional-id {self.output}-{name}" if self.plan.exactly_once else ""

    def line(self, name, *middle):
        stages = [self.read(self.member(name)), *middle, self.write(self.slot(name))]
        return Line(*([BIN / program, *options] for program, *options in map(shlex.split, stages)))


class SupervisedRun:
    """Under rk-run."""

    def __init__(self, plan, commands):
        self.plan, self.commands = plan, commands
        self.replicas = [count for _, count in plan.middle]
        self.writers, self.batch = plan.writers, plan.batch
        self.run = Pipeline(*self.sections())
        self.begins_at = 0  # in the log

    def sections(self):
        plan, commands = self.plan, self.commands
        reads = {"per_partition": True} if plan.per_partition else {"replicas": plan.readers}
        yield section("read", commands.read(batch=self.batch), **reads)
        for number, (kind, _) in enumerate(plan.middle):
            yield section(f"middle{number}", commands.middle(kind), min=1, max=MOST_REPLICAS, cpus=0,
                          replicas=self.replicas[number])
        exactly_once = {"exactly_once": True} if plan.exactly_once else {}
        yield section("write", commands.write(), replicas=self.writers, min=1,
                      max=max(self.writers, plan.writers), cpus=0, **exactly_once)

    def processes(self):
        last = dict(re.findall(r"started stage=(\S+) pid=(\d+)", self.run.log()))
        return {name: int(pid) for name, pid in last.items() if alive(pid)}

    def reload(self):
        """With what is wanted now; not while it starts, when it neither listens nor has read the file."""
        if "info: ready " in self.log()[self.begins_at:]:
            self.run.write(*self.sections())
            self.run.process.send_signal(signal.SIGHUP)

    def scale(self, pick):
        if self.replicas:
            number = int(pick * len(self.replicas))
            self.replicas[number] = 1 + self.replicas[number] % MOST_REPLICAS
        self.reload()

    def replace(self):
        """Each reader by one with other words."""
        self.batch += 1
        self.reload()

    def restart(self, hard):
        if hard:
            self.run.process.kill()
            self.run.process.wait()
        else:
            for pid in self.processes().values():
                os.kill(pid, signal.SIGCONT)
            self.stop()
        self.begins_at = len(self.log())
        self.run.start()

    def look(self):
        check(self.run.process.poll() is None, f"rk-run exits {self.run.process.returncode} by itself")

    def stop(self):
        code, _ = self.run.stop(DRAIN_S)
        check(code in (0, 75), f"rk-run exits {code}")
        return code

    def log(self):
        return self.run.log()

    def close(self):
        self.run.process.kill()
        self.run.process.wait()
        shutil.rmtree(self.run.folder, ignore_errors=True)


class Chain:
    """Balances behind balances, wired by hand: what dies is started again."""

    def __init__(self, plan, commands):
        self.joined, self.commands, self.draining = Joined(), {}, False
        kind, replicas = plan.middle[0] if plan.middle else ("stamp", 2)
        self.add("balance", [commands.balance("--in @ipc://{d}/a --out @ipc://{d}/b"),
                             commands.balance("--in ipc://{d}/b --out @ipc://{d}/c"),
                             commands.balance("--in @ipc://{d}/d --out @ipc://{d}/e"),
                             commands.balance("--in ipc://{d}/e --out @ipc://{d}/f --by partition")])
        self.add("middle", [commands.middle(kind, "--in ipc://{d}/c --out ipc://{d}/d")] * replicas)
        self.add("write", [commands.write("--in ipc://{d}/f", commands.slot(number)) for number in range(plan.writers)])
        self.add("read", [commands.read(commands.member(number), "--out ipc://{d}/a") for number in range(plan.readers)])

    def add(self, role, commands):
        for number, command in enumerate(commands):
            self.commands[f"{role}.{number}"] = command
            self.start(f"{role}.{number}")

    def start(self, name):
        self.joined.start(name, self.commands[name])

    def processes(self):
        return {name: process.pid for name, process in self.joined.stages.items() if process.poll() is None}

    def look(self):
        for name, process in list(self.joined.stages.items()):
            if process.poll() is not None and not self.draining:
                self.start(name)

    def stop(self):
        self.draining = True
        names = sorted(self.commands, key=lambda name: ["read", "middle", "balance", "write"].index(name.split(".")[0]))
        self.joined.stop(*names, timeout=DRAIN_S)
        return 0

    def log(self):
        return "".join(f"--- {name}\n{self.joined.log(name)}" for name in self.commands)

    def close(self):
        self.joined.__exit__(None)


class PipeLines:
    """One or two lines of pipes in one group: one of which a stage has died is started again whole."""

    def __init__(self, plan, commands):
        self.plan, self.commands, self.lines, self.logs = plan, commands, {}, []
        for number in range(plan.readers):
            self.start(number)

    def start(self, number):
        self.lines[number] = self.commands.line(number, *(self.commands.middle(kind) for kind, _ in self.plan.middle))

    def processes(self):
        found = {}
        for number, line in self.lines.items():
            names = ["read", *(f"middle{i}" for i in range(len(line.stages) - 2)), "write"]
            found |= {f"{name}.{number}": stage.pid for name, stage in zip(names, line.stages) if stage.poll() is None}
        return found

    def look(self):
        for number, line in list(self.lines.items()):
            if all(stage.poll() is not None for stage in line.stages):
                self.end(self.lines.pop(number))
                self.start(number)

    def end(self, line):
        self.logs += self.logs_of(line)
        line.__exit__(None)

    def logs_of(self, line):
        return [f"--- {name}\n{line.stderr(i)}" for i, name in enumerate(line.names)]

    def stop(self):
        """A stage that drains already takes the signal for its second, and leaves at once."""
        for line in self.lines.values():
            drained = any("draining" in log for log in self.logs_of(line))
            codes = line.stop(DRAIN_S)
            check(set(codes) == {0} or drained, f"the stages of a line exit {codes}")
        return 0

    def log(self):
        return "".join(self.logs + [log for line in self.lines.values() for log in self.logs_of(line)])

    def close(self):
        for line in self.lines.values():
            line.__exit__(None)


SHAPES = {"run": SupervisedRun, "chain": Chain, "lines": PipeLines}
