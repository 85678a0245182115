"""A reader of the frames that the stages of rk pass on, written from rk-frame(5) alone.

Only Python's standard library is used. `read_frames(stream)` gives one Frame after the other.
"""

import struct
from dataclasses import dataclass

from xxh3 import xxh3_64

MAGIC = b"\x89RKF"
PREFIX_LENGTH = 24
HEADER = struct.Struct("<4sBBBBIIQQQ16sqqqiIqqqIIIIQII")
ENTRY = struct.Struct("<qqQiiIIBB6x")
DATA, END = 1, 2
STATES = ("ok", "failed", "filtered")
TIMESTAMP_TYPES = ("none", "create", "log-append")
DTYPES = {  # number: name, code of the module struct
    1: ("f32", "f"),
    2: ("f64", "d"),
    3: ("i32", "i"),
    4: ("i64", "q"),
    5: ("u8", "B"),
    6: ("bool", "?"),
}


class BadFrame(Exception):
    """The stream is not what it claims to be; the message names the byte position."""


class CutStream(BadFrame):
    """The stream ends in the middle of a frame."""


@dataclass
class Record:
    offset: int
    timestamp: int
    timestamp_type: str
    state: str
    key: bytes | None
    value: bytes | None
    headers: list  # of (name, value or None)
    failure: tuple | None  # (stage, code, message)


@dataclass
class Column:
    name: str
    dtype: str
    shape: tuple
    values: tuple  # flat, the last axis running fastest


@dataclass
class Frame:
    kind: int
    origin: bytes
    group: str
    topic: str
    partition: int
    epoch: int
    first_offset: int
    next_offset: int
    floor: int
    attempt: int
    ack_endpoint: str
    cluster_id: str
    earliest_timestamp: int
    read_time: int
    records: list
    columns: list


def read_frames(stream, max_frame=64 << 20):
    """Every frame of a binary stream, the END frame too. Raises BadFrame."""
    position = 0
    while prefix := stream.read(PREFIX_LENGTH):
        if len(prefix) < PREFIX_LENGTH:
            raise _cut(position + len(prefix), "the rest of a frame")
        length = _check_prefix(prefix, position, max_frame)
        data = prefix + stream.read(length - PREFIX_LENGTH)
        if len(data) < length:
            raise _cut(position + len(data), f"a frame of {length} bytes")
        yield _Cursor(data, position).frame()
        position += length


def _cut(position, expected):
    return CutStream(f"the stream is cut: byte {position}: expected {expected}")


def _require(holds, position, expected):
    if not holds:
        raise BadFrame(f"bad frame: byte {position}: expected {expected}")


def _check_prefix(prefix, position, max_frame):
    header_length, _, length = struct.unpack_from("<IIQ", prefix, 8)
    _require(prefix.startswith(MAGIC), position, "the magic of a frame, 89 52 4b 46")
    _require(prefix[4] == 1, position + 4, f"version 1, found {prefix[4]}")
    _require(header_length >= HEADER.size, position + 8, f"a header of {HEADER.size} bytes or more")
    _require(
        header_length <= length <= max_frame,
        position + 16,
        f"a length of {header_length} to {max_frame}, found {length}",
    )
    return length


class _Cursor:
    """Walks the bytes of one frame and checks whatever it passes."""

    def __init__(self, data, position, at=0, end=None):
        self.data, self.position, self.at = data, position, at
        self.end = len(data) if end is None else end

    def require(self, holds, expected, at=None):
        _require(holds, self.position + (self.at if at is None else at), expected)

    def take(self, length, what):
        self.require(length <= self.end - self.at, f"{length} bytes for {what}")
        self.at += length
        return self.data[self.at - length : self.at]

    def unpack(self, form, what):
        form = struct.Struct("<" + form)
        return form.unpack(self.take(form.size, what))

    def pad(self):
        self.require(not any(self.take(-self.at % 8, "a pad")), "a pad of zero bytes")

    def nullable(self, length, what):
        self.require(length >= -1, f"{what} of length -1 or more")
        return None if length < 0 else self.take(length, what)

    def text(self, length, what):
        return self.take(length, what).decode("utf-8", "backslashreplace")

    def frame(self):
        fields = HEADER.unpack_from(self.data)
        (_, _, _, kind, _, header_length, record_count, _, header_hash, body_hash) = fields[:10]
        (origin, epoch, first, following, partition, attempt, floor, earliest, read) = fields[10:19]
        (group, topic, endpoint, cluster, data_length, column_count, _) = fields[19:]

        header = self.take(header_length, "the header")
        unhashed = header[:24] + bytes(8) + header[32:]
        self.require(xxh3_64(unhashed) == header_hash, "the hash of an unchanged header", 24)
        body = self.data[self.at :]
        self.require(xxh3_64(body) == body_hash, "the hash of an unchanged body", 32)
        self.require(kind in (DATA, END), "a kind of 1 or 2", 6)
        self.require(kind == DATA or record_count == 0, "no records in an END frame", 12)
        self.require(partition >= 0, "a partition of 0 or more", 80)
        self.require(0 <= first <= following, "a first offset of 0 or more, and none below it", 64)

        group = self.text(group, "the group")
        topic = self.text(topic, "the topic")
        endpoint = self.text(endpoint, "the acknowledgement endpoint")
        cluster = self.text(cluster, "the cluster id")
        self.pad()
        table = _Cursor(self.data, self.position, self.at)
        self.take(record_count * ENTRY.size, "the record table")
        data_at = self.at
        self.take(data_length, "the data section")
        records = self.records(table, record_count, (first, following), (data_at, data_length))
        self.pad()
        columns = [self.column(record_count) for _ in range(column_count)]
        self.require(self.at == len(self.data), "the frame's end")
        return Frame(
            kind, origin, group, topic, partition, epoch, first, following, floor, attempt,
            endpoint, cluster, earliest, read, records, columns,
        )  # fmt: skip

    def records(self, table, count, offsets, data):
        lowest, (data_at, unclaimed) = offsets[0], data
        data_length, records = unclaimed, []
        for _ in range(count):
            entry = ENTRY.unpack(table.take(ENTRY.size, "an entry"))
            offset, _, at, key, value, headers, failure, state, kind = entry
            length = max(key, 0) + max(value, 0) + headers + failure
            unclaimed -= length
            table.require(lowest <= offset < offsets[1], "a rising offset in the batch's range")
            table.require(at + length <= data_length, "a record that lies in the data section")
            table.require(unclaimed >= 0, "records that share no bytes")
            table.require(state < len(STATES), "a state of 0 to 2")
            table.require(kind < len(TIMESTAMP_TYPES), "a timestamp type of 0 to 2")
            table.require(state == 1 or failure == 0, "no failure in a record that is not failed")
            begin = data_at + at
            records.append(_Cursor(self.data, self.position, begin, begin + length).record(entry))
            lowest = offset + 1
        return records

    def record(self, entry):
        offset, timestamp, _, key, value, headers, _, state, kind = entry
        key = self.nullable(key, "a key")
        value = self.nullable(value, "a value")
        headers = _Cursor(self.data, self.position, self.at, self.at + headers).headers()
        self.at += entry[5]
        failure = self.failure() if STATES[state] == "failed" else None
        return Record(
            offset, timestamp, TIMESTAMP_TYPES[kind], STATES[state], key, value, headers, failure
        )

    def headers(self):
        headers = []
        while self.at < self.end:
            name, value = self.unpack("Ii", "a header's lengths")
            name = self.take(name, "a header's name")
            headers.append((name, self.nullable(value, "a header's value")))
        return headers

    def failure(self):
        lengths = self.unpack("III", "a failure's lengths")
        parts = tuple(self.text(length, "a failure's part") for length in lengths)
        self.require(self.at == self.end, "a failure's parts to fill its length")
        return parts

    def column(self, record_count):
        name, dtype, rank, _ = self.unpack("IBBH", "a column's start")
        self.require(dtype in DTYPES, "a dtype of 1 to 6")
        self.require(1 <= rank <= 8, "a rank of 1 to 8")
        shape = self.unpack(f"{rank}q", "a column's shape")
        self.require(shape[0] == record_count and min(shape) >= 0, "a row for each record")
        (length,) = self.unpack("Q", "a column's data length")
        dtype, code = DTYPES[dtype]
        count = 1
        for size in shape:
            count *= size
        self.require(length == count * struct.calcsize("<" + code), "the length the shape gives")
        name = self.text(name, "a column's name")
        self.pad()
        data = self.take(length, "a column's data")
        self.require(dtype != "bool" or max(data, default=0) < 2, "bools of 0 or 1")
        values = struct.unpack(f"<{count}{code}", data)
        self.pad()
        return Column(name, dtype, shape, values)
