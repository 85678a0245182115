#!/usr/bin/env python3
"""A program for rk-map --exec: takes SECONDS for each record, while FILE is there if one is named, and fails those that
are bad."""

import json
import os
import sys
import time

for line in sys.stdin:
    if len(sys.argv) == 2 or os.path.exists(sys.argv[2]):
        time.sleep(float(sys.argv[1]))
    record = json.loads(line)
    print(json.dumps({"rk-error": "it is bad"}) if record.get("bad") else line.rstrip("\n"), flush=True)
