#!/usr/bin/env python3
"""Exports the models that the benchmarks run from tests/models to ONNX, for the peers that run that, and
checks that both give the same numbers for batches of 1 to 500 rows.

    python3 -m venv build/venv && build/venv/bin/pip install torch==2.15.0 onnx==1.23.2 onnxruntime==1.32.0
    build/venv/bin/python scripts/bench/peers/models/make.py [--check]

By hand, when a model changes: what it makes is checked in. --check makes nothing and compares what is there.
"""

import sys
from pathlib import Path

import onnxruntime
import torch

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parents[3] / "tests/models"
MODELS = {"mlp16": ("features", 16, "score"), "mlp784": ("image", 784, "scores")}
TOLERANCE = 1e-5


def export(name, model):
    """In the opset of ONNX Runtime 1.20, and with the number of rows left open."""
    takes, width, gives = MODELS[name]
    torch.onnx.export(model, (torch.zeros(2, width),), HERE / f"{name}.onnx", dynamo=False, opset_version=17,
                      input_names=[takes], output_names=[gives],
                      dynamic_axes={takes: {0: "B"}, gives: {0: "B"}})


def worst(name, model):
    """The largest difference between the two models' numbers."""
    takes, width, _ = MODELS[name]
    session = onnxruntime.InferenceSession(HERE / f"{name}.onnx")
    torch.manual_seed(1)
    differences = []
    for rows in (1, 2, 7, 500):
        x = torch.rand(rows, width) * 6 - 3
        ours, theirs = model(x), torch.from_numpy(session.run(None, {takes: x.numpy()})[0])
        if ours.shape != theirs.shape:
            sys.exit(f"{name}: {rows} rows give the shape {tuple(theirs.shape)}, and not {tuple(ours.shape)}")
        differences.append((ours - theirs).abs().max().item())
    return max(differences)


def main():
    for name in MODELS:
        model = torch.jit.load(SOURCES / f"{name}.pt").eval()
        if sys.argv[1:] != ["--check"]:
            export(name, model)
        difference = worst(name, model)
        print(f"{name}: the largest difference is {difference:.1e}")
        if not difference <= TOLERANCE:
            sys.exit(f"{name}: more than {TOLERANCE}")


main()
