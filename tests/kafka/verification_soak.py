#!/usr/bin/env python3
"""rk-write --check warns of brokers that do not verify transactions, and of no others."""

import os
import pathlib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
os.environ.pop("RK_KAFKA_DIR", None)  # a broker of its own
from main_job import check, main, rk_write

WARNING = "warning: the brokers do not verify transactions"
SETTING = "transaction.partition.verification.enable"


def said_by_check(kafka, topic):
    done = subprocess.run([*rk_write(kafka, topic, "--exactly-once", "--transactional-id", "v", "--check")],
                          capture_output=True, text=True, timeout=60)
    check(done.returncode == 0, f"the check exits with {done.returncode}: {done.stderr}")
    return done.stderr


def a_broker_that_does_not_verify_is_warned_of(kafka):
    topic = kafka.topic(1)
    check(WARNING not in said_by_check(kafka, topic), "a broker that verifies is warned of")
    kafka.tool("stop")
    with open(pathlib.Path(kafka.dir, "server.properties"), "a") as properties:
        properties.write(f"{SETTING}=false\n")
    kafka.tool("start")
    said = said_by_check(kafka, topic)
    check(WARNING in said and SETTING in said, f"there is no warning: {said}")


sys.exit(main(a_broker_that_does_not_verify_is_warned_of))
