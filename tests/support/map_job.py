"""rk-map as a process on one batch, for its tests."""

import io
import os
import subprocess
import sys
from pathlib import Path

from make_frame import DATA, END, frame, read_frames

TOOL = Path(os.environ["RK_BIN"]) / "rk-map"

NUMBERS = [b'{"n": %d}' % n for n in range(5)]


def run(*arguments, stdin=frame(END)):
    """Exit status, bytes on stdout, and stderr."""
    result = subprocess.run([TOOL, *arguments], input=stdin, capture_output=True, timeout=60)
    return result.returncode, result.stdout, result.stderr.decode()


def check(what, got, expected):
    if got != expected:
        sys.exit(f"{what}:\n     got {got!r}\nexpected {expected!r}")


def records(what, *arguments, values=NUMBERS, quiet=True):
    """The records of one batch that goes through, and what is said on stderr."""
    stream = frame(DATA, values) + frame(END)
    status, stdout, stderr = run(*arguments, stdin=stream)
    check(f"{what}: status; {stderr}", status, 0)
    if quiet:
        check(f"{what}: stderr", stderr, "")
    batch, end = read_frames(io.BytesIO(stdout))
    check(f"{what}: kinds", (batch.kind, end.kind), (DATA, END))
    check(f"{what}: offsets", [r.offset for r in batch.records], list(range(len(values))))
    check(f"{what}: keys", [r.key for r in batch.records], [b"key%d" % n for n in range(len(values))])
    check(f"{what}: headers", {tuple(r.headers[0]) for r in batch.records}, {(b"h", b"v1")})
    return batch.records, stderr


def check_exec(what, command, fails, answer, *more):
    """The records in `fails` (by number, their codes) fail; each other has its own answer."""
    got, _ = records(what, "-q", "--exec", command, *more, quiet=False)
    for n, record in enumerate(got):
        if n in fails:
            check(f"{what}: code of {n}", record.failure[:2], ("rk-map", fails[n]))
            check(f"{what}: value of {n}", record.value, NUMBERS[n])
        else:
            check(f"{what}: failure of {n}", record.failure, None)
            check(f"{what}: answer to {n}", record.value, answer(n))
