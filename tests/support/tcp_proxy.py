#!/usr/bin/env python3
"""A TCP proxy of the tests that makes the network bad.

    tests/support/tcp_proxy.py --to HOST:PORT [--latency-ms N] [--rate BYTES/S] [--slice BYTES]

prints the address that it listens on and runs until it is killed. Lines on stdin change it meanwhile:
`latency_ms 50`, `rate 100000` (each way of each connection; 0: no limit), `slice 1` (bytes a write; 0: as
they come), `hole 1` (takes bytes and passes none on), `reset` (all connections, at once).
With Kafka it works for a broker whose advertised listener is the proxy's address.
"""

import argparse
import asyncio
import socket
import struct
import sys
import threading
import time

CHUNK = 65536


class Proxy:
    """Listens from construction on; `address` is where. Thread-safe."""

    def __init__(self, host, port, listen_port=0, latency_ms=0, rate=0, slice=0):
        self.target = host, port
        self.latency_ms, self.rate, self.slice, self.hole = latency_ms, rate, slice, False
        self.passed = 0  # bytes
        self.writers = set()
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", listen_port))
        self.port = self.server.sockets[0].getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.reset()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def reset(self):
        """Resets (RST) every connection there is; returns how many."""
        async def do():
            count = len(self.writers)
            for writer in list(self.writers):
                if not writer.transport.is_closing():
                    sock = writer.get_extra_info("socket")
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            return count
        return asyncio.run_coroutine_threadsafe(do(), self.loop).result(10)

    async def serve(self, reader, writer):
        try:
            to_reader, to_writer = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, to_writer}
        for w in (writer, to_writer):
            w.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(self.carry(reader, to_writer), self.carry(to_reader, writer), return_exceptions=True)
        for w in (writer, to_writer):
            self.writers.discard(w)
            w.transport.abort()

    async def carry(self, reader, writer):
        try:
            while data := await reader.read(CHUNK):
                if self.latency_ms:
                    await asyncio.sleep(self.latency_ms / 1000)
                step = self.slice or len(data)
                for at in range(0, len(data), step):
                    while self.hole:
                        await asyncio.sleep(0.05)
                    part = data[at:at + step]
                    writer.write(part)
                    await writer.drain()
                    self.passed += len(part)
                    if self.slice:
                        await asyncio.sleep(0)
                if self.rate:
                    await asyncio.sleep(len(data) / self.rate)
        finally:
            writer.close()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--to", required=True)
    options.add_argument("--listen-port", type=int, default=0)
    for name in ("latency-ms", "rate", "slice"):
        options.add_argument("--" + name, type=int, default=0)
    given = options.parse_args()
    host, _, port = given.to.rpartition(":")
    proxy = Proxy(host, int(port), given.listen_port, given.latency_ms, given.rate, given.slice)
    print(proxy.address, flush=True)
    for line in sys.stdin:
        name, _, value = line.strip().partition(" ")
        if name == "reset":
            print(f"reset {proxy.reset()} connections' ends", file=sys.stderr)
        elif name in ("latency_ms", "rate", "slice", "hole"):
            setattr(proxy, name, int(value))
        else:
            print(f"tcp_proxy: no command: {line.strip()}", file=sys.stderr)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
