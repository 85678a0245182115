#!/usr/bin/env python3
"""Trains the credit model on train.ndjson and says how good it is on heldout.ndjson.

    python3 -m venv build/venv && build/venv/bin/pip install torch==2.15.0
    build/venv/bin/python examples/credit/train.py

Writes credit.pt (TorchScript, with its signature inside as rk.json) and expected.ndjson: the
model's own answers to the held-out applications, computed one at a time. Two runs on one machine
give the same weights and the same answers.
"""

import json
import zipfile
from pathlib import Path
from typing import Dict, List

import torch
from torch import Tensor, nn

from prepare import CODES, COLUMNS

HERE = Path(__file__).parent

# Who is foreign is in the applications, but has no place in the decision.
FEATURES = [field for field in COLUMNS if field != "foreign_worker"]

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

    def score(self, rows: Tensor) -> Tensor:
        """The log-odds of a good loan, f64[B], of rows f64[B,N]."""
        numbers = rows.index_select(1, self.number_columns)
        one_hot = rows.index_select(1, self.code_columns) == self.codes
        known = (one_hot.sum(1) == self.code_fields) & (numbers >= 0).all(1)
        if not bool(known.all()):
            self.refuse(rows)
        standard = (numbers - self.mean) / self.deviation
        return self.layers(torch.cat([standard, one_hot.double()], 1)).squeeze(1)

    def forward(self, features: Tensor) -> Dict[str, Tensor]:
        """features f32[B,N], in the order of `fields` -> probability f32[B] of a good loan,
        limit f32[B] in DM, approve bool[B]."""
        rows = features.double()
        probability = torch.sigmoid(self.score(rows)).float()
        approve = probability >= 0.5
        # The policy: the amount asked for times twice the probability, less in proportion for
        # loans of more than two years, to the nearest 10 DM, and nothing unless approved.
        shorter = (24.0 / rows[:, self.duration]).clamp(max=1.0)
        limit = rows[:, self.amount] * (2.0 * probability.double()) * shorter
        limit = torch.round(limit / 10.0) * 10.0
        limit = torch.where(approve, limit, torch.zeros_like(limit))
        return {"probability": probability, "limit": limit.float(), "approve": approve}


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
        loss_of(model.score(rows.double()), good).backward()
        optimizer.step()
    return model.eval()


def save(model, path):
    """TorchScript with the signature inside, less the debug records, which name local paths."""
    signature = {
        "inputs": [{"name": "features", "spec": "{" + ",".join(FEATURES) + "}:f32"}],
        "outputs": [{"name": "probability"}, {"name": "limit"}, {"name": "approve"}],
    }
    full = path.with_suffix(".full")
    torch.jit.save(torch.jit.script(model), str(full), {"rk.json": json.dumps(signature)})
    with zipfile.ZipFile(full) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                name = entry.filename.replace(full.stem, path.stem, 1)
                target.writestr(zipfile.ZipInfo(name), source.read(entry))
    full.unlink()


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
    save(train(read_ndjson("train.ndjson")), HERE / "credit.pt")
    model = torch.jit.load(str(HERE / "credit.pt"))
    decisions = answers(model, read_ndjson("heldout.ndjson"))
    lines = "".join(json.dumps(decision) + "\n" for decision in decisions)
    (HERE / "expected.ndjson").write_text(lines, newline="\n")
    report(decisions, read_ndjson("heldout_outcomes.ndjson"))


if __name__ == "__main__":
    main()
