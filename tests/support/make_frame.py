"""Frames as rk-frame(5) has them, for tests that feed a stage from outside."""

import os
import struct
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(os.environ["RK_SOURCE_DIR"]) / "examples/read-frames"))
from frames import DATA, END, ENTRY, HEADER, MAGIC, read_frames  # noqa: E402, F401
from xxh3 import xxh3_64  # noqa: E402


def frame(kind, values=(), first=0, acknowledge_at=b""):
    """One frame of a batch of topic "t" with these values from offset `first` on, each with a key and
    a header."""
    table, data = b"", b""
    for offset, value in enumerate(values, first):
        key, header = b"key%d" % offset, struct.pack("<Ii", 1, 2) + b"hv1"
        size = -1 if value is None else len(value)
        table += ENTRY.pack(offset, 1000, len(data), len(key), size, len(header), 0, 0, 1)
        data += key + (value or b"") + header
    names = b"gt" + acknowledge_at
    body = names + bytes(-len(names) % 8) + table + data + bytes(-len(data) % 8)
    fields = [MAGIC, 1, 0, kind, 0, HEADER.size, len(values), HEADER.size + len(body), 0,
              xxh3_64(body), bytes(16), 1, first, first + len(values), 0, 0, 0, 1000, 0, 1, 1, len(acknowledge_at), 0,
              len(data), 0, 0]
    fields[8] = xxh3_64(HEADER.pack(*fields))
    return HEADER.pack(*fields) + body
