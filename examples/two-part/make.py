#!/usr/bin/env python3
"""Makes a model, its two halves, and records for them: whole.pt, front.pt, back.pt, records.ndjson.

    python3 -m venv build/venv && build/venv/bin/pip install torch==2.15.0
    build/venv/bin/python examples/two-part/make.py

With --packages the models are compiled for this machine's CPU too: whole.pt2, front.pt2, back.pt2.
"""

import json
import random
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from torchscript import save

HERE = Path(__file__).parent
FEATURES, HIDDEN = 16, 64


class Front(nn.Module):
    """features f32[B,16] -> hidden f32[B,64]."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(FEATURES, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, HIDDEN))

    def forward(self, features: Tensor) -> Tensor:
        return torch.relu(self.layers(features))


class Back(nn.Module):
    """hidden f32[B,64] -> score f32[B]."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(HIDDEN, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, hidden: Tensor) -> Tensor:
        return torch.sigmoid(self.layers(hidden)).squeeze(1)


def signature(spec, output):
    return json.dumps({"inputs": [{"name": "x", "spec": spec}], "outputs": [{"name": output}]})


def package(name, model, width, about):
    batch = torch.export.Dim("B", min=1, max=1024)
    exported = torch.export.export(model, (torch.zeros(2, width),), dynamic_shapes=({0: batch},))
    torch._inductor.aoti_compile_and_package(exported, package_path=str(HERE / f"{name}.pt2"), inductor_configs={
        "aot_inductor.metadata": {"rk.json": about},
        "aot_inductor.use_consts_asm_build": False})


def main():
    torch.manual_seed(5)
    front, back = Front().eval(), Back().eval()
    features, hidden = f"features:f32[{FEATURES}]", f"@hidden:f32[{HIDDEN}]"
    parts = [("whole", nn.Sequential(front, back), FEATURES, signature(features, "score")),
             ("front", front, FEATURES, signature(features, "hidden")),
             ("back", back, HIDDEN, signature(hidden, "score"))]
    for name, model, width, about in parts:
        save(model, HERE / f"{name}.pt", about)
        if "--packages" in sys.argv:
            package(name, model, width, about)
    rng = random.Random(5)
    with open(HERE / "records.ndjson", "w") as file:
        for number in range(500):
            row = [round(rng.uniform(-2, 2), 3) for _ in range(FEATURES)]
            file.write(json.dumps({"id": number, "features": row}) + "\n")


if __name__ == "__main__":
    main()
