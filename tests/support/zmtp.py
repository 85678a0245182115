"""A ZeroMQ peer that says whatever it likes: ZMTP 3.0 with the mechanism NULL (rfc.zeromq.org/spec/23),
for a socket that a test wants to annoy."""

import socket
import struct

GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
LONG, COMMAND = 2, 4


def frame(data, flags=0):
    if len(data) < 256:
        return struct.pack(">BB", flags, len(data)) + data
    return struct.pack(">BQ", flags | LONG, len(data)) + data


def ready(socket_type):
    metadata = b"\x0bSocket-Type" + struct.pack(">I", len(socket_type)) + socket_type.encode()
    return frame(b"\x05READY" + metadata, COMMAND)


class Peer:
    """A connection to the ipc socket at `path`, as a socket of this type."""

    def __init__(self, path, socket_type="DEALER"):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(5)
        self.socket.connect(str(path))
        self.socket.sendall(GREETING)
        self.receive(64)
        self.socket.sendall(ready(socket_type))

    def receive(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise ConnectionError("the other side has closed")
            data += more
        return data

    def send(self, *messages):
        for message in messages:
            self.socket.sendall(frame(message))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
