#!/usr/bin/env python3
"""Trains the credit model on train.ndjson and says how good it is on heldout.ndjson.

    python3 -m venv build/venv && build/venv/bin/pip install torch==2.15.0
    build/venv/bin/python examples/credit/train.py

Writes credit.pt (TorchScript, with its signature inside as rk.json) and expected.ndjson: the
model's own answers to the held-out applications, computed one at a time. Two runs on one machine
give the same weights and the same answers.

With --package the model is compiled for this machine's CPU as well: credit.pt2.
"""

import json
import sys
from pathlib import Path
from typing import Dict, List

import torch
from torch import Tensor, nn

from prepare import CODES, COLUMNS

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from torchscript import save

HERE = Path(__file__).parent

# Who is foreign is in the applications, but has no place in the decision.
FEATURES = [field for field in COLUMNS if field != "foreign_worker"]

# Of the output `weighed`: what a field did to the probability of a good loan, raised it or lowered it.
LABELS = [sign + field for sign in "+-" for field in FEATURES]
SHOWN = 3

# Chosen by five-fold cross-validation on the training records alone.
HIDDEN = 16
DROPOUT = 0.3
WEIGHT_DECAY = 2.0
LEARNING_RATE = 0.01
EPOCHS = 200


class CreditModel(nn.Module):
    """Raw numbers of applications in, a decision on each out.

    Numbers are standardised and codes one-hot encoded inside, so that no pipeline has to know how.
    The arithmetic is in float64 and is rounded to float32 once, at the end: the answer to an
    application then depends neither on the batch it came in nor on the order of a CPU's sums.
    """

    def __init__(self, fields: List[str], training_rows: Tensor):
        super().__init__()
        self.fields = fields
        self.amount = fields.index("amount")
        self.duration = fields.index("duration_months")
        number_columns = [i for i, field in enumerate(fields) if field not in CODES]
        numbers = training_rows[:, number_columns].double()
        self.register_buffer("number_columns", torch.tensor(number_columns))
        self.register_buffer("mean", numbers.mean(0))
        self.register_buffer("deviation", numbers.std(0))
        # One entry for each code of each categorical field: whose it is, and which.
        code_columns = [i for i, f in enumerate(fields) if f in CODES for _ in CODES[f]]
        codes = [code for f in fields if f in CODES for code in range(len(CODES[f]))]
        self.register_buffer("code_columns", torch.tensor(code_columns))
        self.register_buffer("codes", torch.tensor(codes, dtype=torch.float64))
        self.code_fields = len(fields) - len(number_columns)
        # Which field each entry of an encoded application belongs to, and what it is on average.
        columns = torch.tensor(number_columns + code_columns)
        self.register_buffer("entries_of", columns == torch.arange(len(fields)).unsqueeze(1))
        self.register_buffer("average", self.encode(training_rows.double()).mean(0))
        self.refuses = True
        self.layers = nn.Sequential(
            nn.Dropout(DROPOUT),
            nn.Linear(len(number_columns) + len(codes), HIDDEN),
            nn.Tanh(),
            nn.Linear(HIDDEN, 1),
        ).double()

    def refuse(self, rows: Tensor):
        """Raises for the first field that holds what no application can."""
        for column, field in enumerate(self.fields):
            values = rows[:, column]
            codes = self.codes[self.code_columns == column]
            if codes.numel() > 0:
                wrong = values[(values.unsqueeze(1) != codes).all(1)]
                if wrong.numel() > 0:
                    raise ValueError(f"{field}: {float(wrong[0])} is not one of its codes, "
                                     f"0 to {codes.numel() - 1}")
            else:
                wrong = values[torch.logical_not(values >= 0)]
                if wrong.numel() > 0:
                    raise ValueError(f"{field}: {float(wrong[0])} is less than 0")

    def known(self, rows: Tensor) -> Tensor:
        """Which rows hold only what an application can, bool[B]."""
        one_hot = rows.index_select(1, self.code_columns) == self.codes
        numbers = rows.index_select(1, self.number_columns)
        return (one_hot.sum(1) == self.code_fields) & (numbers >= 0).all(1)

    def encode(self, rows: Tensor) -> Tensor:
        """Rows f64[B,N] as what the layers take, f64[B,D]."""
        standard = (rows.index_select(1, self.number_columns) - self.mean) / self.deviation
        one_hot = rows.index_select(1, self.code_columns) == self.codes
        return torch.cat([standard, one_hot.double()], 1)

    def good(self, encoded: Tensor) -> Tensor:
        """The probability of a good loan, f64[…], of what encode() gives, f64[…,D]."""
        return torch.sigmoid(self.layers(encoded)).squeeze(-1)

    def weighed(self, encoded: Tensor, probability: Tensor) -> Tensor:
        """How much higher the probability is than it would be if that field were as in the average
        application of the training records, f64[B,N], to four digits."""
        without = torch.where(self.entries_of, self.average, encoded.unsqueeze(1))
        return torch.round((probability.unsqueeze(1) - self.good(without)) * 1e4) / 1e4

    def forward(self, features: Tensor) -> Dict[str, Tensor]:
        """features f32[B,N], in the order of `fields` -> probability f32[B] of a good loan,
        limit f32[B] in DM, approve bool[B], weighed f32[B,2N]: what each field raised it by, and what it
        lowered it by."""
        rows = features.double()
        known = self.known(rows)
        # A package has no errors that name a field: there an impossible row has no probability.
        if self.refuses:
            if not bool(known.all()):
                self.refuse(rows)
        encoded = self.encode(rows)
        good = torch.where(known, self.good(encoded), torch.nan)
        weighed = self.weighed(encoded, good)
        probability = good.float()
        approve = probability >= 0.5
        # The policy: the amount asked for times twice the probability, less in proportion for
        # loans of more than two years, to the nearest 10 DM, and nothing unless approved.
        shorter = (24.0 / rows[:, self.duration]).clamp(max=1.0)
        limit = rows[:, self.amount] * (2.0 * probability.double()) * shorter
        limit = torch.round(limit / 10.0) * 10.0
        limit = torch.where(approve, limit, torch.zeros_like(limit))
        return {"probability": probability, "limit": limit.float(), "approve": approve,
                "weighed": torch.cat([weighed, -weighed], 1).float()}


def read_ndjson(name):
    return [json.loads(line) for line in (HERE / name).read_text().splitlines()]


def as_rows(records):
    return torch.tensor([[float(record[field]) for field in FEATURES] for record in records])


def train(records):
    torch.manual_seed(1)
    rows = as_rows(records)
    good = torch.tensor([record["good"] for record in records], dtype=torch.float64)
    model = CreditModel(FEATURES, rows)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    loss_of = nn.BCEWithLogitsLoss()
    for _ in range(EPOCHS):
        optimizer.zero_grad()
        loss_of(model.layers(model.encode(rows.double())).squeeze(1), good).backward()
        optimizer.step()
    return model.eval()


SIGNATURE = json.dumps({
    "inputs": [{"name": "features", "spec": "{" + ",".join(FEATURES) + "}:f32"}],
    "outputs": [{"name": "probability"}, {"name": "limit"}, {"name": "approve"}, {"name": f"weighed:topk={SHOWN}"}],
    "labels": LABELS,
})


def package(model, path):
    """An AOTInductor package with the same signature."""
    model.refuses = False
    batch = torch.export.Dim("B", min=1, max=1024)
    exported = torch.export.export(model, (torch.zeros(2, len(FEATURES)),), dynamic_shapes=({0: batch},))
    torch._inductor.aoti_compile_and_package(exported, package_path=str(path), inductor_configs={
        "aot_inductor.metadata": {"rk.json": SIGNATURE},
        "aot_inductor.use_consts_asm_build": False})


def most(row):
    """The SHOWN largest of an application's `weighed`, as rk-infer picks them."""
    places = sorted(range(len(LABELS)), key=lambda place: -row[place])
    return [{"label": LABELS[place], "score": round(row[place], 4)} for place in places[:SHOWN]]


@torch.no_grad()
def answers(model, records):
    """The model's answers, each application alone in its call."""
    result = []
    for record in records:
        out = model(as_rows([record]))
        result.append({
            "id": record["id"],
            # Nine digits read back as the same float32.
            "probability": float(f"{out['probability'].item():.9g}"),
            "limit": int(out["limit"].item()),
            "approve": out["approve"].item(),
            "weighed": most(out["weighed"][0].tolist()),
        })
    return result


def report(decisions, outcomes):
    pairs = [(d, o["good"]) for d, o in zip(decisions, outcomes, strict=True)]
    right = sum(d["approve"] == good for d, good in pairs)
    goods = [d["probability"] for d, good in pairs if good]
    bads = [d["probability"] for d, good in pairs if not good]
    ranked = sum((g > b) + 0.5 * (g == b) for g in goods for b in bads)
    refused = [good for d, good in pairs if not d["approve"]]
    print(f"held out: {len(pairs)} applications, {len(goods)} good and {len(bads)} bad")
    print(f"accuracy: {right / len(pairs):.3f} ({right} right)")
    print(f"majority: {len(goods) / len(pairs):.3f} (approving everyone)")
    print(f"AUC:      {ranked / (len(goods) * len(bads)):.3f}")
    print(f"refused:  {len(refused)}, of whom {sum(refused)} were good")


def main():
    torch.set_num_threads(1)
    trained = train(read_ndjson("train.ndjson"))
    save(trained, HERE / "credit.pt", SIGNATURE)
    if "--package" in sys.argv:
        package(trained, HERE / "credit.pt2")
    model = torch.jit.load(str(HERE / "credit.pt"))
    decisions = answers(model, read_ndjson("heldout.ndjson"))
    lines = "".join(json.dumps(decision) + "\n" for decision in decisions)
    (HERE / "expected.ndjson").write_text(lines, newline="\n")
    report(decisions, read_ndjson("heldout_outcomes.ndjson"))


if __name__ == "__main__":
    main()
