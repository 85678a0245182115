#!/usr/bin/env python3
"""Trains the recommender on generate.py's sessions and says how good it is on the held-out ones.

    python3 -m venv build/venv && build/venv/bin/pip install torch==2.15.0
    build/venv/bin/python examples/recommend/train.py
    build/venv/bin/python examples/recommend/train.py --package recommend.pt2
    build/venv/bin/pip install onnx==1.23.2
    build/venv/bin/python examples/recommend/train.py --onnx examples/recommend/recommend.onnx

Writes recommend.pt (TorchScript, with its signature inside as rk.json) and expected.ndjson: the
model's own answers to the held-out events, computed one at a time. With --package it trains nothing
and compiles recommend.pt's weights to an AOTInductor package for this machine, for which a C++
compiler is needed; with --onnx it exports them to ONNX.
"""

import json
import sys
from pathlib import Path
from typing import Dict, Tuple

import torch
from torch import Tensor, nn

from generate import ACTIONS, ITEMS, RECENT, sessions
from hit_rate import hit_rate, popular_items, read_ndjson

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from torchscript import save

HERE = Path(__file__).parent

WIDTH = 32
TOP = 10
LEARNING_RATE = 0.004
BATCH = 256
EPOCHS = 8

SIGNATURE = {
    "inputs": [
        {"name": "items", "spec": f"recent.items:i64[{RECENT}]"},
        {"name": "actions", "spec": f"recent.actions:i64[{RECENT}]"},
    ],
    "outputs": [{"name": "recommended"}, {"name": "scores"}],
}


def weight(*shape):
    return nn.Parameter(torch.randn(shape) * 0.1)


class Transformer(nn.Module):
    """One block of attention, in which the last event looks at those before it and at a start token.

    The arithmetic is in float64, also where the weights are stored as float16: which items are the
    best ten then does not depend on the batch they came in.
    """

    def __init__(self):
        super().__init__()
        self.top = TOP
        self.item = weight(ITEMS + 1, WIDTH)
        self.action = weight(len(ACTIONS) + 1, WIDTH)
        self.place = weight(RECENT, WIDTH)
        self.start = weight(1, 1, WIDTH)
        self.query = weight(WIDTH, WIDTH)
        self.key = weight(WIDTH, WIDTH)
        self.value = weight(WIDTH, WIDTH)
        self.inner = weight(WIDTH, 2 * WIDTH)
        self.outer = weight(2 * WIDTH, WIDTH)
        self.popularity = nn.Parameter(torch.zeros(ITEMS + 1))

    def forward(self, items: Tensor, actions: Tensor) -> Tensor:
        """items and actions i64[B,RECENT] -> the log-odds of each item to be next, f64[B,ITEMS+1]."""
        item = self.item.double()
        events = item[items] + self.action.double()[actions] + self.place.double()
        tokens = torch.cat([self.start.double().expand(items.size(0), 1, -1), events], 1)
        last = tokens[:, -1]
        match = torch.matmul(tokens @ self.key.double(), (last @ self.query.double()).unsqueeze(2)).squeeze(2)
        none = torch.cat([torch.zeros_like(items[:, :1]), items], 1) == 0
        none = none & (torch.arange(none.size(1), device=none.device) > 0)
        attention = torch.softmax((match / tokens.size(2) ** 0.5).masked_fill(none, -1e9), 1)
        seen = torch.matmul(attention.unsqueeze(1), tokens @ self.value.double()).squeeze(1)
        state = last + seen
        state = state + torch.relu(state @ self.inner.double()) @ self.outer.double()
        return state @ item.t() + self.popularity.double()

    def best(self, items: Tensor, actions: Tensor) -> Tuple[Tensor, Tensor]:
        """The ids i64[B,TOP] of the likeliest items that are not among these, and how likely f64[B,TOP]."""
        odds = self.forward(items, actions)
        odds = odds.scatter(1, items, -1e9)
        odds = torch.cat([torch.full_like(odds[:, :1], -1e9), odds[:, 1:]], 1)  # 0 is none
        likely, ids = torch.topk(torch.softmax(odds, 1), self.top)
        return ids, likely


class Recommender(nn.Module):
    """What is saved as TorchScript: refuses what no event can hold, and names the field."""

    def __init__(self, transformer: Transformer):
        super().__init__()
        self.items = ITEMS
        self.transformer = transformer

    def refuse(self, items: Tensor, actions: Tensor):
        wrong = items[(items < 0) | (items > self.items)]
        if wrong.numel() > 0:
            raise ValueError(f"recent.items: {int(wrong[0])} is not an item, 1 to {self.items}, or 0 for none")
        wrong = actions[(actions < 0) | (actions > 3)]
        if wrong.numel() > 0:
            raise ValueError(f"recent.actions: {int(wrong[0])} is not 1 (view), 2 (cart) or 3 (buy), or 0 for none")
        raise ValueError("recent.actions: there must be one for each of recent.items, and 0 where that is 0")

    def forward(self, items: Tensor, actions: Tensor) -> Dict[str, Tensor]:
        known = (items >= 0) & (items <= self.items) & (actions >= 0) & (actions <= 3)
        if not bool((known & ((items == 0) == (actions == 0))).all()):
            self.refuse(items, actions)
        ids, likely = self.transformer.best(items, actions)
        return {"recommended": ids, "scores": likely.float()}


class Packaged(nn.Module):
    """What is compiled to a package, which cannot raise: the scores of what no event can hold are NaN,
    and rk-infer marks such a record failed (non-finite-output)."""

    def __init__(self, transformer: Transformer):
        super().__init__()
        self.transformer = transformer

    def forward(self, items: Tensor, actions: Tensor) -> Tuple[Tensor, Tensor]:
        known = (items >= 0) & (items <= ITEMS) & (actions >= 0) & (actions <= 3)
        known = (known & ((items == 0) == (actions == 0))).all(1, keepdim=True)
        ids, likely = self.transformer.best(items.clamp(0, ITEMS), actions.clamp(0, 3))
        return ids, torch.where(known, likely, float("nan")).float()


def examples(training):
    """Every event of every session with what came before it, and the item that came next."""
    padded = torch.tensor([[(0, 0)] * (RECENT - 1) + session for session in training])
    windows = padded[:, :-1].unfold(1, RECENT, 1)  # sessions, events, item or action, RECENT
    following = padded[:, RECENT:, 0]
    return windows[:, :, 0].reshape(-1, RECENT), windows[:, :, 1].reshape(-1, RECENT), following.reshape(-1)


def train(training):
    torch.manual_seed(1)
    items, actions, following = examples(training)
    model = Transformer()
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    steps = EPOCHS * (len(items) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, steps)
    for _ in range(EPOCHS):
        loss_sum = 0.0
        for rows in torch.randperm(len(items))[: len(items) // BATCH * BATCH].view(-1, BATCH):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(items[rows], actions[rows]), following[rows])
            loss.backward()
            optimizer.step()
            schedule.step()
            loss_sum += loss.item()
        print(f"loss {loss_sum / (len(items) // BATCH):.3f}", flush=True)
    return model.half().eval()


def save_package(path):
    """An AOTInductor package, for this kind of CPU, of the weights in recommend.pt."""
    transformer = Transformer().half()
    transformer.load_state_dict(torch.jit.load(str(HERE / "recommend.pt")).transformer.state_dict())
    # Two tensors: what is one here would be one in the package.
    items, actions = (torch.ones(2, RECENT, dtype=torch.int64) for _ in range(2))
    batch = torch.export.Dim("B", min=1, max=1024)
    exported = torch.export.export(
        Packaged(transformer).eval(), (items, actions), dynamic_shapes=({0: batch}, {0: batch}))
    torch._inductor.aoti_compile_and_package(exported, package_path=path, inductor_configs={
        "aot_inductor.metadata": {"rk.json": json.dumps(SIGNATURE)},
        "aot_inductor.use_consts_asm_build": False})


def save_onnx(path):
    """The same weights as ONNX; as in a package, the scores of what no event can hold are NaN."""
    import onnx
    transformer = Transformer().half()
    transformer.load_state_dict(torch.jit.load(str(HERE / "recommend.pt")).transformer.state_dict())
    rows = tuple(torch.zeros(2, RECENT, dtype=torch.int64) for _ in range(2))
    names = ["items", "actions"], ["recommended", "scores"]
    # Folded constants would be the weights in float64, which they are computed in.
    torch.onnx.export(Packaged(transformer).eval(), rows, path, dynamo=False, opset_version=17,
                      do_constant_folding=False, input_names=names[0], output_names=names[1],
                      dynamic_axes={name: {0: "B"} for name in names[0] + names[1]})
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {"rk.json": json.dumps(SIGNATURE)})
    Path(path).write_bytes(model.SerializeToString(deterministic=True))


@torch.no_grad()
def answers(model, events):
    """The model's answers, each event alone in its call."""
    for event in events:
        items, actions = (torch.tensor([event["recent"][name]]) for name in ("items", "actions"))
        yield {"user": event["user"], "event_number": event["event_number"],
               "recommended": model(items, actions)["recommended"][0].tolist()}


def main():
    torch.set_num_threads(1)
    if sys.argv[1:2] == ["--package"]:
        save_package(sys.argv[2])
        return
    if sys.argv[1:2] == ["--onnx"]:
        save_onnx(sys.argv[2])
        return
    save(Recommender(train(sessions()[0])), HERE / "recommend.pt", json.dumps(SIGNATURE))
    model = torch.jit.load(str(HERE / "recommend.pt"))
    events = read_ndjson(HERE / "heldout.ndjson")
    recommended = list(answers(model, events))
    lines = "".join(json.dumps(answer) + "\n" for answer in recommended)
    (HERE / "expected.ndjson").write_text(lines, newline="\n")
    print(f"hit rate @{TOP}: {hit_rate(recommended):.3f}, most popular {hit_rate(popular_items(events)):.3f}")


if __name__ == "__main__":
    main()
