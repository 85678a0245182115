#!/usr/bin/env python3
"""Trains a second credit model, gradient-boosted trees, on train.ndjson and says how good it is on heldout.ndjson.

    python3 -m venv build/venv
    build/venv/bin/pip install lightgbm==4.7.0 onnxmltools==1.16.0 onnx==1.23.2 numpy
    build/venv/bin/python examples/credit/train_trees.py

Writes trees.onnx (with its signature in its metadata, rk.json) and trees_expected.ndjson: LightGBM's own answers to
the held-out applications, whole and without what may be left out. Two runs on one machine give the same trees and the same answers.
"""

import json
from pathlib import Path

import lightgbm
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

from prepare import COLUMNS

HERE = Path(__file__).parent

OPSET = 18

# As for credit.pt: who is foreign is in the applications, but has no place in the decision.
FEATURES = [field for field in COLUMNS if field != "foreign_worker"]

# What an application may leave out. All 700 have it: so that the trees know what to do without, it is taken from
# every tenth, at random.
OPTIONAL = {"savings", "employment", "property"}
LEFT_OUT = 0.1

# Chosen by five-fold cross-validation on the training records alone. Codes go in as numbers.
TREES = 200
PARAMETERS = {
    "objective": "binary",
    "num_leaves": 8,
    "learning_rate": 0.03,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


def read_ndjson(name):
    return [json.loads(line) for line in (HERE / name).read_text().splitlines()]


def as_rows(records):
    return np.array([[record.get(field, np.nan) for field in FEATURES] for record in records], np.float64)


def without_some(rows):
    left_out = np.random.default_rng(1).random(rows.shape) < LEFT_OUT
    return np.where(left_out & np.isin(FEATURES, [*OPTIONAL]), np.nan, rows)


def train(records):
    good = np.array([record["good"] for record in records], np.float64)
    return lightgbm.train(PARAMETERS, lightgbm.Dataset(without_some(as_rows(records)), good), TREES)


def limits(records, probability):
    """The policy of credit.pt: twice the probability, less in proportion for loans of more than two years."""
    amount, duration = (np.array([record[field] for record in records], np.float64)
                        for field in ("amount", "duration_months"))
    limit = np.round(amount * 2 * probability * np.minimum(1, 24 / duration) / 10) * 10
    return np.where(probability >= 0.5, limit, 0)


def policy():
    """The same as nodes behind the trees' `both`, the probabilities of a bad and of a good loan."""
    def column(name, source, place):
        return [helper.make_node("Gather", [source, f"place_of_{name}"], [name], axis=1)], \
            [numpy_helper.from_array(np.array(place, np.int64), f"place_of_{name}")]
    nodes, constants = [], []
    for name, source, place in (("probability", "both", 1), ("amount", "features", FEATURES.index("amount")),
                                ("duration", "features", FEATURES.index("duration_months"))):
        more_nodes, more_constants = column(name, source, place)
        nodes += more_nodes
        constants += more_constants
    for name, number in ("policy_half", 0.5), ("policy_two", 2), ("policy_years", 24), ("policy_one", 1), ("policy_ten", 10), ("policy_nothing", 0):
        constants.append(numpy_helper.from_array(np.array(number, np.float32), name))
    for kind, inputs, output in (
            ("GreaterOrEqual", ["probability", "policy_half"], "approve"), ("Div", ["policy_years", "duration"], "years_of_it"),
            ("Min", ["years_of_it", "policy_one"], "shorter"), ("Mul", ["probability", "policy_two"], "twice"),
            ("Mul", ["amount", "twice"], "more"), ("Mul", ["more", "shorter"], "exact"),
            ("Div", ["exact", "policy_ten"], "tens"), ("Round", ["tens"], "whole_tens"), ("Mul", ["whole_tens", "policy_ten"], "rounded"),
            ("Where", ["approve", "rounded", "policy_nothing"], "limit")):
        nodes.append(helper.make_node(kind, inputs, [output]))
    return nodes, constants


def export(booster):
    """Features f32[B,18] -> probability f32[B] of a good loan, limit f32[B] in DM, approve bool[B]."""
    trees = convert_lightgbm(booster, initial_types=[("features", FloatTensorType([None, len(FEATURES)]))],
                             zipmap=False, target_opset=15)
    trees.graph.output[1].name = "both"
    for opset in trees.opset_import:
        if not opset.domain:
            opset.version = OPSET
    for node in trees.graph.node:
        node.output[:] = ["both" if name == "probabilities" else name for name in node.output]
    nodes, constants = policy()
    trees.graph.node.extend(nodes)
    trees.graph.initializer.extend(constants)
    del trees.graph.output[:]
    for name, kind in (("probability", TensorProto.FLOAT), ("limit", TensorProto.FLOAT), ("approve", TensorProto.BOOL)):
        trees.graph.output.append(helper.make_tensor_value_info(name, kind, ["B"]))
    trees.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "B"
    trees.graph.name = "credit"
    helper.set_model_props(trees, {"rk.json": json.dumps({
        "inputs": [{"name": "features", "spec": spec()}],
        "outputs": [{"name": "probability"}, {"name": "limit"}, {"name": "approve"}]})})
    onnx.checker.check_model(trees)
    (HERE / "trees.onnx").write_bytes(trees.SerializeToString(deterministic=True))


def spec():
    """The fields as rk-infer takes them; NaN for one that is left out."""
    return "{" + ",".join(field + "?" * (field in OPTIONAL) for field in FEATURES) + "}:f32"


def report(probability, good):
    right = int(((probability >= 0.5) == good).sum())
    goods, bads = probability[good], probability[~good]
    ranked = float(((goods[:, None] > bads) + 0.5 * (goods[:, None] == bads)).sum())
    refused = good[probability < 0.5]
    print(f"held out: {len(good)} applications, {len(goods)} good and {len(bads)} bad")
    print(f"accuracy: {right / len(good):.3f} ({right} right)")
    print(f"majority: {len(goods) / len(good):.3f} (approving everyone)")
    print(f"AUC:      {ranked / (len(goods) * len(bads)):.3f}")
    print(f"refused:  {len(refused)}, of whom {int(refused.sum())} were good")


def main():
    booster = train(read_ndjson("train.ndjson"))
    export(booster)
    applications = read_ndjson("heldout.ndjson")
    probability = booster.predict(as_rows(applications))
    shorter = [{field: record[field] for field in record if field not in OPTIONAL} for record in applications]
    answers = zip(applications, probability.tolist(), limits(applications, probability).tolist(),
                  booster.predict(as_rows(shorter)).tolist(), strict=True)
    lines = [json.dumps({"id": record["id"], "probability": whole, "limit": int(limit), "approve": whole >= 0.5,
                         "without": without}) for record, whole, limit, without in answers]
    (HERE / "trees_expected.ndjson").write_text("\n".join(lines) + "\n", newline="\n")
    report(probability, np.array([record["good"] for record in read_ndjson("heldout_outcomes.ndjson")]))


if __name__ == "__main__":
    main()
