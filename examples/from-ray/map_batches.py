"""The function of the dataset program: up to 200 records in, as many out."""

import rk_worker as rk


@rk.batch
def map_batches(records):
    for record in records:
        record["adult"] = record["age"] >= 18
    return records


rk.run()
