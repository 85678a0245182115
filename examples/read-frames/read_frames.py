#!/usr/bin/env python3
"""Print a stream of rk frames as JSON, one line for each frame, record and column.

  read_frames.py captured.rkf
  rk-read -b localhost:9092 -t applications -G look -e | tee >(./read_frames.py >&2) | rk-write …

Bytes that are not UTF-8 are printed as {"base64": …}. Exit status: 0, 64 usage, 65 a bad frame,
75 the stream ended without END or in the middle of a frame.
"""

import base64
import json
import math
import sys

from frames import END, BadFrame, CutStream, read_frames


def readable(data):
    """Bytes as JSON can hold them; None stays null."""
    if data is None:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def lines_of(frame):
    """What is in a frame, as JSON objects."""
    head = {"frame": "end" if frame.kind == END else "data", "origin": frame.origin.hex()}
    if frame.kind != END:
        names = (
            "group", "topic", "partition", "epoch", "first_offset", "next_offset", "floor",
            "attempt", "ack_endpoint", "cluster_id", "earliest_timestamp", "read_time",
        )  # fmt: skip
        head |= {name: getattr(frame, name) for name in names}
    yield head
    for record in frame.records:
        line = {
            "offset": record.offset,
            "timestamp": record.timestamp,
            "timestamp_type": record.timestamp_type,
            "state": record.state,
            "key": readable(record.key),
            "value": readable(record.value),
            "headers": [[readable(name), readable(value)] for name, value in record.headers],
        }
        if record.failure:
            line["failure"] = dict(zip(("stage", "code", "message"), record.failure))
        yield line
    for column in frame.columns:
        yield {
            "column": column.name,
            "dtype": column.dtype,
            "shape": column.shape,
            "values": [v if math.isfinite(v) else str(v) for v in column.values],
        }


def main(arguments):
    if len(arguments) > 1 or any(a.startswith("-") and a != "-" for a in arguments):
        print(__doc__.strip(), file=sys.stderr)
        return 64
    path = arguments[0] if arguments else "-"
    frame = None
    try:
        with sys.stdin.buffer if path == "-" else open(path, "rb") as stream:
            for frame in read_frames(stream):
                for line in lines_of(frame):
                    print(json.dumps(line, ensure_ascii=False))
    except BadFrame as bad:
        print(f"read_frames.py: error: {bad}", file=sys.stderr)
        return 75 if isinstance(bad, CutStream) else 65
    except OSError as error:
        print(f"read_frames.py: error: {path}: {error.strerror}", file=sys.stderr)
        return 66
    if frame is None or frame.kind != END:
        print("read_frames.py: error: the stream is cut: it ended without END", file=sys.stderr)
        return 75
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
