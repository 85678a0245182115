"""Python functions as workers of rk-map --exec.

    import rk_worker as rk

    @rk.batch
    def f(records):  # a list of dicts, as the records' JSON has them
        return [{**record, "adult": record["age"] >= 18} for record in records]

    rk.run()

runs as `rk-map --batch 200 --exec 'python3 worker.py'`, with this file's folder in PYTHONPATH. The function
returns a result for each record, in their order: an object, or an exception for a record that it cannot use.

When it raises an exception, it gets the records of the batch again, as they were, each in a list of its own. One
on which it raises an exception even then becomes a dead letter, with the traceback as the reason; the others do
not.

With rk-map --meta each record has key, headers, topic, partition, offset and timestamp as attributes.

Import this module before others that may print: from then on standard output is standard error, and standard
input is empty. (Without rk-map, which sets RK_MAP_EXEC, only from run() on, so that tests may import the
program.) Arrays and scalars of numpy and PyTorch may stand in results. Python 3.9 or newer; no other module is
needed.
"""

import base64
import json
import os
import sys
import traceback

__all__ = ["Record", "batch", "run"]

_FRAMES = -20  # of a traceback: the last ones
_function = None
_streams = None  # what rk-map writes and reads


class Record(dict):
    """A record's object. With rk-map --meta, what Kafka knows of the record is in its attributes."""

    __slots__ = ("_meta",)

    def __init__(self, members=()):
        super().__init__(members)
        self._meta = None

    def _look_up(self, name):
        if self._meta is None:
            raise AttributeError(f"record.{name} needs rk-map --meta")
        return self._meta[name]

    key = property(lambda self: _bytes_or_text(self._look_up("key")), doc="str, bytes if it is no UTF-8, or None")
    headers = property(lambda self: [(_bytes_or_text(name), _bytes_or_text(value))
                                     for name, value in self._look_up("headers")],
                       doc="a list of pairs of name and value; a value is str, bytes or None")
    topic = property(lambda self: self._look_up("topic"))
    partition = property(lambda self: self._look_up("partition"))
    offset = property(lambda self: self._look_up("offset"))
    timestamp = property(lambda self: self._look_up("timestamp"), doc="milliseconds since 1970, or -1")


def batch(function):
    """Marks the function that run() calls with each batch; it may also be called as ever."""
    global _function
    _function = function
    return function


def run():
    """Answers rk-map until it has no more records."""
    if _function is None:
        raise RuntimeError("no function: decorate one with @rk_worker.batch before rk_worker.run()")
    lines, answers = _streams or _take_over_streams()
    try:
        for line in lines:
            answers.write(_answer(_function, line))
            answers.flush()
    except BrokenPipeError:  # rk-map has gone, or has started another
        os.dup2(os.open(os.devnull, os.O_WRONLY), answers.fileno())


def _take_over_streams():
    # Who prints, or starts a program that reads, must not get in between rk-map and us.
    lines, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)  # before what was printed until now is flushed
    sys.stdout.reconfigure(line_buffering=True)
    return lines, answers


def _answer(function, line):
    """The line that answers `line`, which is an array of records (rk-map --batch) or a record."""
    records, tags, is_array = _parse(line)
    texts = _attempt(function, records, tags)
    if isinstance(texts, Exception):
        texts = [_error(texts, tags[0])] if len(tags) == 1 else _one_by_one(function, line, texts)
    return ("[" + ",".join(texts) + "]\n" if is_array else texts[0] + "\n").encode()


def _one_by_one(function, line, error):
    texts, failed = [], False
    for record, tag in zip(*_parse(line)[:2]):  # parsed again: the function may have changed them
        alone = _attempt(function, [record], [tag])
        failed = failed or isinstance(alone, Exception)
        texts += [_error(alone, tag)] if isinstance(alone, Exception) else alone
    if not failed:
        print(f"rk_worker: {len(texts)} records failed together and none alone: {_reason(error)}", file=sys.stderr)
    return texts


def _attempt(function, records, tags):
    """The texts that answer the records, or the exception that was raised."""
    try:
        return _call(function, records, tags)
    except Exception as error:  # pylint: disable=broad-except
        return error


def _parse(line):
    values = json.loads(line)
    is_array = isinstance(values, list)
    records, tags = [], []
    for value in values if is_array else [values]:
        record = Record(value)
        tag = record.pop("_rk")
        if isinstance(tag, dict):
            record._meta, tag = tag, tag["id"]
        records.append(record)
        tags.append(tag)
    return records, tags, is_array


def _call(function, records, tags):
    name = getattr(function, "__name__", "the function")
    results = function(records)
    if results is None:
        raise TypeError(f"{name}() returned None: it must return a list with a result for each record")
    results = list(results)
    if len(results) != len(tags):
        raise ValueError(f"{name}() returned {len(results)} results for {len(tags)} records")
    return [_text(result, tag) for result, tag in zip(results, tags)]


def _text(result, tag):
    if isinstance(result, Exception):
        return _error(result, tag)
    try:
        if not isinstance(result, dict):
            raise TypeError(f"a result is {type(result).__name__}, not a dict")
        return _dump({**result, "_rk": tag})
    except Exception as error:  # pylint: disable=broad-except
        return _error(error, tag)


def _dump(value):
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a pair of surrogates: only an escape can say it
        return json.dumps(value, allow_nan=False, default=_plain)
    return text


def _plain(value):
    """What json does not know: arrays and scalars of numpy and PyTorch."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a result has a {type(value).__name__} in it, which JSON cannot hold")


def _error(error, tag):
    return json.dumps({"rk-error": _reason(error), "_rk": tag})


def _reason(error):
    """What is wrong, then where that comes from in the user's program."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    reason = "".join(traceback.format_exception_only(type(error), error)).strip()
    if frames is not None:
        reason += "\n" + "".join(traceback.format_exception(type(error), error, frames, _FRAMES))
    return reason


def _bytes_or_text(value):
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


if os.environ.pop("RK_MAP_EXEC", None):  # not for what this process starts
    _streams = _take_over_streams()
