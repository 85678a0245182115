"""A chaos run: a plan carried out on a pipeline under load, and what came out judged."""

import heapq
import itertools
import json
import os
import signal
import time

import exactly_once_job
from chaos_pipelines import SHAPES, Commands
from fault_job import Load
from main_job import BIN, check, run

STANDS_STILL_S = 100  # longer than it takes a reader to miss an acknowledgement


class Chaos:
    """One run. `notes` says what was done, when."""

    def __init__(self, kafka, plan):
        self.kafka, self.plan = kafka, plan
        self.source, self.output = kafka.topic(plan.partitions), kafka.topic(plan.partitions)
        self.group = f"g-{self.output}"
        self.notes, self.due, self.order = [], [], itertools.count()
        self.allowed = set()  # of duplicates, disorder, stale
        if plan.prefilled:
            kafka.fill(self.source, *self.records(0), "-n", plan.prefilled)
        self.began = time.monotonic()
        self.commands = Commands(kafka, plan, self.source, self.output)
        self.guest_line, self.guests = None, 0  # of another member of the group, and how many there were
        self.pipeline = SHAPES[plan.shape](plan, self.commands)

    def records(self, first_id):
        return ["--keys", self.plan.keys, "--size", self.plan.size, "--first-id", first_id]

    def note(self, text):
        self.notes.append(f"{time.strftime('%H:%M:%S')} {time.monotonic() - self.began:6.2f} {text}")

    def later(self, seconds, do):
        heapq.heappush(self.due, (time.monotonic() + seconds, next(self.order), do))

    def run(self):
        with Load(self.kafka, self.source, self.plan.rate, *map(str, self.records(self.plan.prefilled))) as load:
            for fault in self.plan.faults:
                self.later(fault.at, lambda fault=fault: self.strike(fault))
            end = self.began + self.plan.seconds
            while time.monotonic() < end:
                self.step(min(end, self.due[0][0] if self.due else end))
            load.stop()
        while self.due:
            self.step(self.due[0][0])
        for name in self.pipeline.processes():
            self.send(name, signal.SIGCONT)
        if self.guest_line:
            self.dismiss_guest()
        self.note("all quiet")
        self.wait_committed()
        self.note("all committed")
        check(self.pipeline.stop() == 0, "the pipeline did not drain in time")
        return self.judge()

    def step(self, until):
        """Until then, at most 0.05 s."""
        time.sleep(max(0, min(0.05, until - time.monotonic())))
        self.pipeline.look()
        while self.due and self.due[0][0] <= time.monotonic():
            heapq.heappop(self.due)[2]()

    def send(self, name, number):
        try:
            os.kill(self.pipeline.processes()[name], number)
        except (KeyError, ProcessLookupError):
            pass  # it has just died

    def strike(self, fault):
        getattr(self, fault.kind.replace("-", "_"))(fault)

    def pick(self, fault, role=""):
        names = sorted(name for name in self.pipeline.processes() if name.startswith(role))
        return names[int(fault.pick * len(names))] if names else None

    def kill(self, fault, number=signal.SIGKILL):
        if self.plan.shape == "chain" and number == signal.SIGKILL:
            # With the others more is lost than what they held, and there is no rk-run to tell the readers.
            name = self.pick(fault, ("read", "write"))
        else:
            name = self.pick(fault)
        if not name:
            return
        self.note(f"{signal.Signals(number).name} {name} pid={self.pipeline.processes()[name]}")
        self.send(name, number)
        if number == signal.SIGKILL and name.startswith(("read", "write")) or self.plan.shape == "lines":
            self.allowed |= {"duplicates"}

    def term(self, fault):
        self.kill(fault, signal.SIGTERM)

    def freeze(self, fault):
        if name := self.pick(fault):
            self.stop_all([name], fault.seconds)

    def freeze_writers(self, fault):
        self.stop_all([name for name in self.pipeline.processes() if name.startswith("write.")], fault.seconds)

    def stop_all(self, names, seconds):
        pids = {name: self.pipeline.processes().get(name) for name in names}
        self.note(f"freeze {pids} for {seconds:.2f} s")
        self.frozen(names)
        for name in names:
            self.send(name, signal.SIGSTOP)

        def wake():
            self.note(f"wake {pids}")
            self.wake(pids)
        self.later(seconds, wake)

    def frozen(self, names):
        if any(name.startswith("write.") for name in names):
            self.allowed |= {"duplicates", "disorder", "stale"}
        if self.plan.shape != "run":  # whose readers have a short session
            self.allowed |= {"duplicates", "disorder", "stale"}

    def wake(self, pids):
        for pid in pids.values():
            try:
                os.kill(pid, signal.SIGCONT)
            except (TypeError, ProcessLookupError):
                pass

    def stutter(self, fault):
        end = time.monotonic() + fault.seconds
        names = [name for name in self.pipeline.processes() if name.startswith("write.")]
        self.note(f"stutter {names} for {fault.seconds:.2f} s: stopped {fault.stopped:.3f}, "
                  f"running {fault.running:.3f}")
        self.frozen(names)

        def stop():
            if time.monotonic() < end:
                pids = {name: pid for name, pid in self.pipeline.processes().items() if name in names}
                for name in pids:
                    self.send(name, signal.SIGSTOP)
                self.later(fault.stopped, lambda: run_again(pids))

        def run_again(pids):
            self.wake(pids)
            self.later(fault.running, stop)
        stop()

    def reload(self, _):
        self.note("reload")
        self.pipeline.reload()

    def scale(self, fault):
        self.pipeline.scale(fault.pick)
        self.note(f"scale {self.pipeline.replicas}")

    def replace(self, _):
        self.note("replace the readers")
        self.pipeline.replace()

    def restart(self, fault):
        hard = fault.pick < 0.5
        self.note(f"restart rk-run {'killed' if hard else 'stopped'}")
        self.allowed |= {"duplicates"}
        self.pipeline.restart(hard)

    def kill_broker(self, _):
        self.note("kill the broker")
        self.kafka.tool("kill")
        self.kafka.tool("start")
        self.note("it is back")

    def freeze_broker(self, fault):
        self.note(f"freeze the broker for {fault.seconds:.2f} s")
        self.kafka.tool("freeze")
        self.later(fault.seconds, lambda: self.kafka.tool("thaw"))

    def cut(self, _):
        self.note(f"cut {self.kafka.proxy.reset()} connections to the broker")

    def guest(self, fault):
        """Joins, or leaves; in haste or not."""
        if not self.guest_line:
            self.guests += 1
            self.guest_line = self.commands.line(f"guest{self.guests}")
            return self.note(f"guest {self.guests} joins")
        self.note(f"guest {self.guests} {'dies' if fault.pick < 0.5 else 'leaves'}")
        self.dismiss_guest(fault.pick < 0.5)

    def dismiss_guest(self, dies=False):
        with self.guest_line as line:
            self.guest_line = None
            codes = [0] if dies else line.stop()
            check(set(codes) <= {0, 75}, f"the stages of a guest exit {codes}")

    def wait_committed(self):
        """However long that takes, as long as it goes on."""
        end = self.kafka.written(self.source)
        committed, since = -1, time.monotonic()
        while committed != end:
            before, committed = committed, sum(self.kafka.committed(self.group, self.source).values())
            since = since if committed == before else time.monotonic()
            check(time.monotonic() - since < STANDS_STILL_S, f"it stands still: {committed} of {end} are committed")
            self.pipeline.look()
            time.sleep(0.5)

    def judge(self):
        if self.plan.exactly_once:
            return self.judge_exactly_once()
        found = json.loads(run(BIN / "support/kcheck", "-b", self.kafka.brokers, self.source, self.output, "--by", "id",
                               "--group", self.group, good=(0, 1)))
        letters = f"{self.output}.dlq"
        found["dead_letters"] = self.kafka.written(letters) if letters in self.kafka.tool("topic", "list") else 0
        forbidden = {"missing": found["missing"], "extra": found["extra"], "uncommitted": found["uncommitted"],
                     "dead_letters": found["dead_letters"]}
        for what, counter in {"duplicates": "duplicates", "disorder": "disordered_keys", "stale": "stale_keys"}.items():
            if what not in self.allowed:
                forbidden[what] = found[counter]
        wrong = {what: count for what, count in forbidden.items() if count}
        check(not wrong, f"{wrong} (allowed: {sorted(self.allowed)}): {found}")
        return found

    def judge_exactly_once(self):
        total = exactly_once_job.judge(self.kafka, self.source, self.output, self.plan.partitions)
        letters = self.kafka.written(f"{self.output}.dlq")
        check(letters == 0, f"{letters} dead letters")
        return {"input": total, "duplicates": 0, "disordered_keys": 0, "stale_keys": 0}

    def keep(self, folder, error):
        folder.mkdir(parents=True, exist_ok=True)
        faults = "\n".join(map(str, self.plan.faults))
        (folder / "plan").write_text(f"{self.plan}\n{faults}\n")
        (folder / "done").write_text("\n".join(self.notes) + "\n")
        (folder / "log").write_text(self.pipeline.log())
        (folder / "failure").write_text(f"{error}\n")

    def close(self):
        if self.guest_line:
            self.guest_line.__exit__(None)
        for pid in self.pipeline.processes().values():
            self.wake({"": pid})
        self.pipeline.close()
        self.kafka.delete(self.source, self.output)
