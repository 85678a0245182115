"""The actor that holds a slot."""

from __future__ import annotations

import socket

import ray

from rk_ray.decisions import host_of
from rk_ray.run_actor import RunActor

PORTS = 8
"""In a row: rk-run listens on two for each stage with hosts."""


class Slot(RunActor):
    """A whole rk-run, or the ends of one, which others join."""

    def _arguments(self) -> list[str]:
        spec = self._spec
        arguments = ["--instance", self._name, "--cpus", f"{spec.cpus:g}"]
        if not self._keys:
            return arguments
        host: str = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
        with self._lock:
            # The same as before where it is free: those that joined find it again.
            if not self._address or not _free(host, int(self._address.rpartition(":")[2])):
                shown = f"[{host}]" if ":" in host else host
                self._address = f"tcp://{shown}:{free_ports(host)}"
        return [*arguments, "--listen", self._address, "--keys", str(self._keys.folder)]


def free_ports(host: str) -> int:
    """The first of PORTS in a row that are free on that address now; they may be taken a moment later, and rk-run then ends
    and is started again."""
    while True:
        with _socket(host) as any_port:
            any_port.bind((host, 0))
            first: int = any_port.getsockname()[1]
        if _free(host, first):
            return first


def _free(host: str, first: int) -> bool:
    try:
        for port in range(first, first + PORTS):
            with _socket(host) as one:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                one.bind((host, port))
    except (OSError, OverflowError):
        return False
    return True


def _socket(host: str) -> socket.socket:
    return socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
