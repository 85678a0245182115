#!/usr/bin/env python3
"""Machines that join a pipeline, in network namespaces: an interface that is down, and a way on which all gets lost, for 1,
10 and 60 s lose nothing, and work goes on within 15 s of either's end; peers without a key, with a revoked one, that speak nonsense or replay what another one said are refused and disturb nothing.

RK_CUTS are the lengths of the cuts (default 1,10,60).
"""

import contextlib
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from machines import Machine, free_ports
from main_job import SOURCE, check, main, wait_until
from netns import Wired, require_namespaces

CUTS = [float(seconds) for seconds in os.environ.get("RK_CUTS", "1,10,60").split(",")]
WAYS = {"down": (Wired.cut, Wired.heal), "lost": (lambda one: one.blind(True), lambda one: one.blind(False))}
GOES_ON_S = 15
WORKER = SOURCE / "tests/support/slow_worker.py"
PIPELINE = f"""
[read]
exec = "rk-read --from $LINES --batch-size 10"
[work]
exec = "rk-map --exec '{WORKER} WORK_S'"
hosts = "others"
[write]
exec = "rk-write --to -"
"""


class Cluster:
    """This machine with the ends, and `count` others that work on the lines, for so many seconds on each."""

    def __init__(self, count, lines, work_s=0.005):
        self.lines, self.port = lines, free_ports(2)
        with contextlib.ExitStack() as stack:  # what is begun is ended if the rest fails
            self.head = stack.enter_context(Machine("head"))
            self.others = [stack.enter_context(Wired(number + 1)) for number in range(count)]
            for other in self.others:
                self.head.knows(other)
                other.knows(self.head, other.head)
            self.file = os.path.join(stack.enter_context(tempfile.TemporaryDirectory()), "work.toml")
            with open(self.file, "w") as file:
                file.write(PIPELINE.replace("WORK_S", str(work_s)))
            self.head.env["LINES"] = os.path.join(self.head.folder, "lines")
            with open(self.head.env["LINES"], "w") as file:
                file.writelines(f'{{"n":{n}}}\n' for n in range(lines))
            self.output = os.path.join(self.head.folder, "output")
            with open(self.output, "w") as output:
                self.run = self.head.start("run", f"rk-run --listen tcp://0.0.0.0:{self.port} {self.file}", stdout=output)
            for other in self.others:
                self.join(other)
            wait_until(lambda: self.came() > 100, 30, "it is at work")
            self.stack = stack.pop_all()

    def join(self, other, name="run"):
        other.start(name, f"rk-run --stage work --join tcp://{other.head}:{self.port} {self.file}")

    def came(self):
        with open(self.output) as file:
            return file.read().count("\n")

    def log(self):
        return self.head.log("run")

    def finish(self, timeout):
        check(self.came() < self.lines, "there was nothing left to do")
        check(self.run.wait(timeout) == 0, self.log())
        with open(self.output) as file:
            numbers = [json.loads(line)["n"] for line in file]
        check(numbers == list(range(self.lines)), f"{len(numbers)} lines came, {len(set(numbers))} different ones")

    def __enter__(self):
        return self

    def __exit__(self, *what):
        return self.stack.__exit__(*what)


def a_cut_loses_nothing_and_the_others_go_on(_):
    said = []
    for seconds, (way, (begin_cut, end_cut)) in itertools.product(CUTS, WAYS.items()):
        # What is sent again queues behind a thousand others, which must not take half of the cut.
        with Cluster(2, int((seconds * 1.5 + 10) * 1500), work_s=0.001) as cluster:
            begin_cut(cluster.others[0])
            time.sleep(seconds / 2)
            before = cluster.came()
            time.sleep(seconds / 2 + 1)
            check(seconds < 5 or cluster.came() > before, "the other one did not go on")
            end_cut(cluster.others[0])
            begin = time.monotonic()
            cluster.finish(seconds * 20 + 120)
            said.append(f"{way} for {seconds:g} s: done {time.monotonic() - begin:.1f} s after")
    return ", ".join(said)


def the_only_machine_goes_on_after_a_cut(_):
    said = []
    for seconds, (way, (begin_cut, end_cut)) in itertools.product(CUTS, WAYS.items()):
        with Cluster(1, 10000, work_s=0.001) as cluster:
            begin_cut(cluster.others[0])
            time.sleep(seconds)
            before = cluster.came()
            end_cut(cluster.others[0])
            begin = time.monotonic()
            wait_until(lambda: cluster.came() > before, GOES_ON_S, "work goes on")
            said.append(f"{way} for {seconds:g} s: goes on after {time.monotonic() - begin:.1f} s")
            cluster.finish(seconds * 2 + 240)
    return ", ".join(said)


class Relay:
    """Passes connections to a port on, and keeps what the first one's client said."""

    def __init__(self, address, port, target):
        self.said, self.target = b"", target
        self.listener = socket.create_server((address, port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", self.target))
                for one, other, keeps in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self.copy, args=(one, other, keeps), daemon=True).start()

    def copy(self, source, sink, keeps):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if keeps:
                    self.said += data
                sink.sendall(data)

    def close(self):
        self.listener.close()


def strangers_are_refused_and_disturb_nothing(_):
    with Cluster(1, 3000) as cluster:
        good = cluster.others[0]
        with Wired(8) as unknown, Wired(9) as revoked:
            for one in (unknown, revoked):
                one.knows(cluster.head, one.head)
            cluster.head.knows(revoked)
            cluster.join(revoked)
            wait_until(lambda: "ready pipeline" in revoked.log("run"), 20, "the one that is to be revoked works")
            revoked.processes["run"].terminate()
            check(revoked.processes["run"].wait(15) == 0, revoked.log("run"))
            cluster.head.forgets(revoked.address)
            cluster.join(unknown)
            cluster.join(revoked, "again")
            for one in (unknown, revoked):
                wait_until(lambda: re.search(f"key is in no file of .* peer={re.escape(one.address)}", cluster.log()), 20,
                           f"{one.address} is refused")
            nonsense = f"""
import os, socket
for data in (b"GET / HTTP/1.1\\r\\n\\r\\n", os.urandom(5000), b"\\xff" + bytes(8) + b"\\x7f" + os.urandom(500)):
    with socket.create_connection(("{unknown.head}", {cluster.port})) as peer:
        peer.settimeout(15)
        peer.sendall(data)
        try:
            while peer.recv(4096):
                pass
        except ConnectionError:
            pass
"""
            done = subprocess.run([*unknown.prefix, sys.executable, "-c", nonsense], capture_output=True, text=True)
            check(done.returncode == 0, done.stderr)
            wait_until(lambda: re.search("did not speak as a stage does", cluster.log()), 20, "nonsense is refused")
            refused = cluster.log().count("refused a peer")
            first = free_ports(2, good.head)
            relays = [Relay(good.head, first + n, cluster.port + n) for n in (0, 1)]
            good.start("relayed", f"rk-run --stage work --name relayed --join tcp://{good.head}:{first} {cluster.file}")
            wait_until(lambda: len(relays[0].said) > 2000 and len(relays[1].said) > 2000, 20, "something to replay")
            good.processes["relayed"].terminate()
            check(good.processes["relayed"].wait(15) == 0, good.log("relayed"))
            before = cluster.log()
            for relay, port in zip(relays, (cluster.port, cluster.port + 1)):
                relay.close()
                with socket.create_connection(("127.0.0.1", port)) as peer:
                    peer.settimeout(15)
                    peer.sendall(relay.said)
                    with contextlib.suppress(ConnectionError):
                        while peer.recv(4096):
                            pass
            wait_until(lambda: "refused a peer" in cluster.log()[len(before):], 20, "the replay is refused and logged")
            check("dropped a message" not in cluster.log(), "something of a stranger's was taken")
        cluster.finish(240)
        check("is silent" not in cluster.log() and "a stage on" not in cluster.log(), cluster.log())
    return f"{refused} lines of refusals before the replay"


if __name__ == "__main__":
    require_namespaces()
    sys.exit(main(a_cut_loses_nothing_and_the_others_go_on, the_only_machine_goes_on_after_a_cut,
                  strangers_are_refused_and_disturb_nothing, kafka_class=contextlib.nullcontext))
