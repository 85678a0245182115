#!/usr/bin/env python3
"""Runs credit.toml on the Ray cluster of RAY_ADDRESS, shows once a minute how it is doing, and ends with its status."""

import sys

import ray
from rk_ray import Pipeline

ray.init(runtime_env={"working_dir": "."})
running = Pipeline("credit.toml").run(slots=2, cpus=2, scale_up_lag=5000, max_slots=4)
while True:
    try:
        sys.exit(running.wait(timeout=60))
    except TimeoutError:
        status = running.status()
        print(f"{status.wanted} slots, {status.lag} records behind")
