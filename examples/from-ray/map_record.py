#!/usr/bin/env python3
"""The function of the dataset program: a record in, a record out, a line of JSON each."""

import json
import sys


def map_record(record):
    record["adult"] = record["age"] >= 18
    return record


for line in sys.stdin:
    print(json.dumps(map_record(json.loads(line))), flush=True)
