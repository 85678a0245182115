#!/usr/bin/env python3
"""A peer of rk: read_kafka → map_batches → write_kafka of Ray Data.

    ray_dataset.py --brokers B --in TOPIC --out TOPIC

Reads the topic from its beginning to the end that it has now (Ray's reader is bounded), adds two
fields to each JSON object, and writes it under its key, in no order: several tasks write at once.
Exits when all is written. How many tasks there are is left to Ray, as its manual advises.
"""

import argparse
import json
import time

import ray_session  # first: it sets Ray's environment
import pyarrow
import ray

BATCH_SIZE = 200


def stamp(batch):
    """Ray's writer makes a row's columns the fields of a JSON object: so what is read must become
    columns. Of Arrow: as pandas' they take about three times as long to write, and NumPy's arrays
    cannot be written as JSON."""
    records = [json.loads(value) for value in batch["value"].to_pylist()]
    for record in records:
        record["processed_at"] = time.time()
        record["status"] = "processed"
    return pyarrow.Table.from_pylist(records)


def run_dataset(options):
    records = ray.data.read_kafka(options.source, bootstrap_servers=options.brokers)
    stamped = records.map_batches(stamp, batch_size=BATCH_SIZE, batch_format="pyarrow")
    # The key is a field of the record too, as kfill makes it: only a field can be a key here.
    stamped.write_kafka(options.output, options.brokers, key_field="key")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--in", dest="source", required=True)
    parser.add_argument("--out", dest="output", required=True)
    options = parser.parse_args()
    ray_session.run(lambda: run_dataset(options))


main()
