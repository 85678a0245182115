"""Machines in network namespaces, each at the other end of a wire from this one."""

import os
import subprocess
import sys

from machines import Machine


def can_make_namespaces():
    name = f"rk-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode == 0
    subprocess.run(["ip", "netns", "del", name], capture_output=True)
    return made


def ip(*words):
    subprocess.run(["ip", *map(str, words)], check=True, capture_output=True)


def require_namespaces():
    """Else the test is skipped."""
    if os.geteuid() != 0 or not can_make_namespaces():
        print("skipped: no network namespace can be made here")
        sys.exit(77)


class Wired(Machine):
    """A machine in a namespace of its own; `head` is this one's address on the wire between them."""

    def __init__(self, number, cpu=None):
        self.name, self.wire = f"rk{os.getpid()}-{number}", f"rkv{os.getpid() % 100000}-{number}"
        net = f"10.{128 + os.getpid() % 100}.{number}"  # so that two tests are not in each other's way
        self.head = f"{net}.1"
        ip("netns", "add", self.name)
        ip("link", "add", self.wire, "type", "veth", "peer", "name", "wire", "netns", self.name)
        ip("addr", "add", f"{self.head}/24", "dev", self.wire)
        ip("link", "set", self.wire, "up")
        for words in (("addr", "add", f"{net}.2/24", "dev", "wire"), ("link", "set", "wire", "up"),
                      ("link", "set", "lo", "up")):
            ip("-n", self.name, *words)
        prefix = ["ip", "netns", "exec", self.name]
        super().__init__(f"{net}.2", prefix if cpu is None else [*prefix, "taskset", "-c", str(cpu)])

    def cut(self):
        ip("link", "set", self.wire, "down")

    def heal(self):
        ip("link", "set", self.wire, "up")

    def blind(self, on):
        """Packets of both ends go to an address that nobody has, or no longer: neither kernel is told."""
        for where, device, peer in (((), self.wire, self.address), (("-n", self.name), "wire", self.head)):
            words = ("replace", peer, "lladdr", "02:00:00:00:00:01", "nud", "permanent") if on else ("del", peer)
            ip(*where, "neigh", *words, "dev", device)

    def __exit__(self, *what):
        super().__exit__(*what)
        ip("netns", "del", self.name)
        subprocess.run(["ip", "link", "del", self.wire], capture_output=True)  # it may outlive the namespace a while
