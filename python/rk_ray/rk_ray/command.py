"""rk-ray: pipelines on a Ray cluster, from a shell."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import ray

import rk_ray
from rk_ray.controller import controller_name
from rk_ray.decisions import UNAVAILABLE
from rk_ray.model import NAMESPACE, PipelineStatus, RkRayError, Split
from rk_ray.pipeline import BETWEEN_LOOKS_S, USAGE, Pipeline, Running

EXAMPLE = """example:
  ray job submit --working-dir . -- rk-ray run credit.toml --slots 2 --cpus 2 --gpus 1
  rk-ray status credit
"""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise RkRayError(f"{message} (try --help)", USAGE)


def split(text: str) -> Split:
    """STAGE or STAGE=N."""
    stage, _, count = text.partition("=")
    if not stage:
        raise ValueError
    return Split(stage, int(count) if "=" in text else 1)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(prog="rk-ray", description="Runs rk pipelines on the nodes of a Ray cluster: a whole rk-run in each slot.",
                    epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"rk-ray {rk_ray.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="start a pipeline and watch it; SIGTERM drains it")
    run.add_argument("file", metavar="FILE", help="pipeline file of rk-run")
    run.add_argument("--name", help="pipeline name (default: the file's)")
    run.add_argument("--slots", type=int, default=1, metavar="N", help="how many rk-run there are (default: 1)")
    run.add_argument("--cpus", type=float, default=1, metavar="N", help="cores that each takes of its node (default: 1)")
    run.add_argument("--gpus", type=float, default=0, metavar="N", help="GPUs that each takes of its node (default: 0)")
    run.add_argument("--split", type=split, metavar="STAGE[=N]",
                     help="run this stage on N other nodes a slot (default: 1), which take the GPUs")
    run.add_argument("--split-cpus", type=float, metavar="N", help="cores that each of these takes (default: as --cpus)")
    run.add_argument("--scale-up-lag", type=int, metavar="N", help="a slot more when the group is N records a slot behind")
    run.add_argument("--max", type=int, dest="max_slots", metavar="M", help="but no more than M slots")
    run.add_argument("--placement-group", metavar="NAME", help="where the slots go (default: spread over the nodes)")

    status = commands.add_parser("status", help="how a pipeline, or each, is doing")
    status.add_argument("name", nargs="?", metavar="NAME")
    status.add_argument("--json", action="store_true", help="one JSON object a pipeline, one a line")

    resize = commands.add_parser("resize", help="change the number of slots")
    resize.add_argument("name", metavar="NAME")
    resize.add_argument("slots", type=int, metavar="SLOTS")

    roll = commands.add_parser("roll", help="start rk-run anew in each slot, one after the other: after an upgrade")
    roll.add_argument("name", metavar="NAME")

    logs = commands.add_parser("logs", help="the last lines that a slot has logged")
    logs.add_argument("name", metavar="NAME")
    logs.add_argument("slot", metavar="SLOT", help="as the status calls it")
    logs.add_argument("-n", type=int, default=100, dest="count", metavar="N", help="how many (default: 100, at most 1000)")

    stop = commands.add_parser("stop", help="drain a pipeline and wait for its end")
    stop.add_argument("name", metavar="NAME")
    return parser.parse_args(arguments)


def table(status: PipelineStatus) -> str:
    """For people."""
    lag = "?" if status.lag is None else str(status.lag)
    lines = [f"{status.name}: {status.state} slots={status.wanted} lag={lag}" + (f" {status.reason}" if status.reason else "")]
    rows = [("SLOT", "STATE", "NODE", "PID", "RESTARTS", "LAG", "OUT/S")]
    for one in sorted(status.slots + status.joined, key=lambda one: (one.slot, one.joined)):
        cells = (one.label, one.state, one.node or "-", one.pid, one.restarts, one.lag,
                 None if one.rate is None else round(one.rate))
        rows.append(tuple("-" if cell is None else str(cell) for cell in cells))  # type: ignore[arg-type]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join(lines)


def as_json(status: PipelineStatus) -> str:
    text = asdict(status) | {"lag": status.lag}
    for one, slot in zip(text["slots"] + text["joined"], status.slots + status.joined):
        one.update(lag=slot.lag, rate=slot.rate)
    return json.dumps(text)


def names() -> list[str]:
    """Of all pipelines that the cluster knows."""
    suffix = controller_name("")
    found = ray.util.list_named_actors(all_namespaces=True)
    return sorted(one["name"].removesuffix(suffix) for one in found
                  if one["namespace"] == NAMESPACE and one["name"].endswith(suffix))


def run(options: argparse.Namespace) -> int:
    pipeline = Pipeline(options.file, options.name)
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # after ray.init(), which takes SIGTERM itself
        signal.signal(number, lambda *_: told.set())
    apart = options.split
    if apart is not None:
        apart = replace(apart, cpus=options.cpus if options.split_cpus is None else options.split_cpus)
    elif options.split_cpus is not None:
        raise RkRayError("--split-cpus is of no use without --split", USAGE)
    running = pipeline.run(options.slots, options.cpus, options.gpus, options.scale_up_lag, options.max_slots,
                           options.placement_group, apart)

    def stop_once_told() -> None:
        if told.is_set():
            running.stop()

    code = running.wait(on_turn=stop_once_told)
    reason = running.status().reason
    if reason:
        print(f"rk-ray: error: {pipeline.name}: {reason}", file=sys.stderr)
    return code


def stop(options: argparse.Namespace) -> int:
    running = Running(options.name)
    running.stop()
    return running.wait()


def roll(options: argparse.Namespace) -> int:
    running = Running(options.name)
    running.roll()
    while (status := running.status()).rolling and status.state == "running":
        time.sleep(BETWEEN_LOOKS_S)
    return status.exit or 0


def act(options: argparse.Namespace) -> int:
    if options.command == "run":
        return run(options)
    if options.command == "stop":
        return stop(options)
    if options.command == "roll":
        return roll(options)
    if options.command == "resize":
        Running(options.name).resize(options.slots)
    elif options.command == "logs":
        print("\n".join(Running(options.name).logs(options.slot, options.count)))
    else:
        for name in names() if options.name is None else [options.name]:
            status = Running(name).status()
            print(as_json(status) if options.json else table(status))
    return 0


def connect(shows_logs: bool) -> None:
    try:
        ray.init(address=os.environ.get("RAY_ADDRESS", "auto"), namespace=NAMESPACE, log_to_driver=shows_logs,
                 logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError) as error:
        raise RkRayError(f"no Ray cluster: {error}", UNAVAILABLE) from None


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        options = parse(arguments)
        connect(options.command == "run")
        return act(options)
    except RkRayError as error:
        print(f"rk-ray: error: {error}", file=sys.stderr)
        return error.status


if __name__ == "__main__":
    sys.exit(main())
