#!/usr/bin/env python3
"""Makes the models that the tests use; README.md says what each is for. Two are AOTInductor
packages, for which a C++ compiler is needed.

    python3 -m venv build/venv && build/venv/bin/pip install torch==2.15.0
    build/venv/bin/python tests/models/make.py

By hand, when a model changes: what it makes is checked in, and no test needs Python's torch.
"""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Dict, Tuple

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "examples"))
import torchscript

HERE = Path(__file__).parent


class Mlp16(nn.Module):
    """features f32[B,16] -> f32[B]."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, features: Tensor) -> Tensor:
        return torch.sigmoid(self.layers(features)).squeeze(1)


class Mlp784(nn.Module):
    """image f32[B,...] of 784 numbers -> f32[B,10]."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10))

    def forward(self, image: Tensor) -> Tensor:
        return self.layers(image.flatten(1))


class Slow(nn.Module):
    """x f32[B,N] -> its first column, after so many rounds of work that no optimiser can skip."""

    def __init__(self, rounds: int):
        super().__init__()
        self.rounds = rounds
        self.register_buffer("turn", torch.linalg.qr(torch.randn(64, 64)).Q)

    def forward(self, x: Tensor) -> Tensor:
        work = self.turn + 0.0 * x[0, 0]
        for _ in range(self.rounds):
            work = torch.tanh(work @ self.turn)
        return x[:, 0] + 0.0 * work[0, 0]


class Sleep(nn.Module):
    """x f32[B,N] -> its first column, after a sleep: needs the operator of tests/support/sleep_op.cc."""

    def __init__(self, seconds: float):
        super().__init__()
        self.seconds = seconds

    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.rk_test.sleep(x[:, 0], self.seconds)


class Throws(nn.Module):
    """x f32[B,N] -> its first column; raises where that is below 0 in any row."""

    def forward(self, x: Tensor) -> Tensor:
        if bool((x[:, 0] < 0).any()):
            raise ValueError("the first feature is below 0")
        return x[:, 0]


class Aborts(nn.Module):
    """x f32[B,N] -> its first column; ends the process by SIGSEGV where that is 666 in any row."""

    def forward(self, x: Tensor) -> Tensor:
        fatal = x[:, 0] == 666
        if bool(fatal.any()):
            # Unchecked, one segment of 2^40 numbers is read from a column of B: far out of memory.
            lengths = torch.full([1], 1 << 40, dtype=torch.int64, device=x.device)
            return torch.segment_reduce(x[:, 0], "sum", lengths=lengths, unsafe=True)
        return x[:, 0]


class TwoOut(nn.Module):
    """x f32[B,N] -> (sum f32[B], twice x f32[B,N])."""

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        return x.sum(1), x * 2


class DictOut(nn.Module):
    """x f32[B,N] -> {"sum": f32[B], "top": i64[B], "positive": bool[B,N]}."""

    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        return {"sum": x.sum(1), "top": x.argmax(1), "positive": x > 0}


class SumTwo(nn.Module):
    """a and b of one shape -> a + b, in the wider of their types."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return a + b


class Missing(nn.Module):
    """x f32[B,N] -> (how many of its numbers are NaN f32[B], the sum of the others f32[B])."""

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        return x.isnan().float().sum(1), x.nan_to_num().sum(1)


class ListMean(nn.Module):
    """list i64[B,L], length i64[B] -> (the mean of each row's first numbers f32[B], L i64[B]); raises where
    a length is below 1 or over L."""

    def forward(self, list: Tensor, length: Tensor) -> Tuple[Tensor, Tensor]:
        if int(length.min()) < 1 or int(length.max()) > list.size(1):
            raise ValueError("a length is not that of its list")
        place = torch.arange(list.size(1), device=list.device).unsqueeze(0)
        sums = torch.where(place < length.unsqueeze(1), list, torch.zeros_like(list)).sum(1)
        return sums.float() / length, torch.full_like(length, list.size(1))


class Prints(nn.Module):
    """x f32[B,N] -> the sum; prints a line in each call."""

    def forward(self, x: Tensor) -> Tensor:
        print("rows of this call:", x.size(0))
        return x.sum(1)


class Lookup(nn.Module):
    """i i64[B] -> f32[B]; in a package, an i that is not below 10 fails the call."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding.from_pretrained(torch.arange(40.0).reshape(10, 4))

    def forward(self, i: Tensor) -> Tensor:
        return self.table(i).sum(1)


class OnCuda(nn.Module):
    """x f32[B,3] -> x + 1; wants a GPU wherever it is loaded to."""

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.ones(x.size(0), 3, device="cuda")


class OtherOperator(nn.Module):
    """Wants an operator of another library."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.rk_nowhere.nms(x)


def save(name, model, signature=None):
    torchscript.save(model.eval(), HERE / f"{name}.pt", json.dumps(signature) if signature else None)


def stripped(library):
    """The code without what is for debuggers, and without the paths of the machine that made it."""
    path = HERE / "stripped.so"
    path.write_bytes(library)
    subprocess.run(["strip", "--strip-all", path], check=True)
    library = path.read_bytes()
    path.unlink()
    for folder in (os.environ["TORCHINDUCTOR_CACHE_DIR"], str(Path(torch.__file__).parent.parent)):
        library = library.replace(folder.encode(), b"/" * len(folder))
    return library


def save_package(name, model, example, signature):
    """An AOTInductor package for any x86-64 CPU: none but the basic instructions, and of the compiled
    code neither its sources nor what is for debuggers."""
    os.environ["ATEN_CPU_CAPABILITY"] = "default"  # no vector instructions
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = tempfile.mkdtemp()
    from torch._inductor import aoti_compile_and_package, config
    config.cpp.march = "x86-64"
    config.cpp.simdlen = 1
    full, path = HERE / f"{name}.full.pt2", HERE / f"{name}.pt2"
    exported = torch.export.export(
        model.eval(), (example,), dynamic_shapes=({0: torch.export.Dim("B", min=1, max=4096)},))
    aoti_compile_and_package(exported, package_path=str(full), inductor_configs={
        "aot_inductor.metadata": {"rk.json": json.dumps(signature)},
        "aot_inductor.use_consts_asm_build": False})
    with zipfile.ZipFile(full) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename.endswith(".cpp"):
                continue
            if entry.filename.endswith(".so"):
                data = stripped(data)
            target.writestr(zipfile.ZipInfo(entry.filename), data, zipfile.ZIP_DEFLATED)
    full.unlink()


class EchoTokens(torch.nn.Module):
    def forward(self, input_ids: torch.Tensor, age: torch.Tensor, attention_mask: torch.Tensor) -> Dict[str, torch.Tensor]:
        return {"ids": input_ids, "mask": attention_mask, "years": age}


def main():
    torch.manual_seed(3)
    signature = {
        "inputs": [{"name": "features", "spec": "features:f32[16]"}],
        "outputs": [{"name": "score"}],
    }
    mlp16 = Mlp16()
    save("mlp16", mlp16, signature)
    save_package("mlp16", mlp16, torch.zeros(2, 16), signature)
    save_package("lookup", Lookup(), torch.zeros(2, dtype=torch.int64), {"inputs": [{"name": "i", "spec": "i:i64"}]})
    save("mlp784", Mlp784(), {
        "inputs": [{"name": "image", "spec": "image:f32[784]"}],
        "outputs": [{"name": "scores"}],
    })
    save("slow", Slow(650))
    save("slow200", Slow(26000))
    operators = torch.library.Library("rk_test", "DEF")
    operators.define("sleep(Tensor x, float seconds) -> Tensor")
    save("sleep5", Sleep(0.005))
    save("sleep20", Sleep(0.020))
    save("throws", Throws())
    save("aborts", Aborts())
    save("two_out", TwoOut())
    save("dict_out", DictOut())
    save("sum_two", SumTwo())
    save("prints", Prints())
    save("on_cuda", OnCuda())
    elsewhere = torch.library.Library("rk_nowhere", "DEF")
    elsewhere.define("nms(Tensor x) -> Tensor")
    save("other_operator", OtherOperator())
    save("missing", Missing())
    save("list_mean", ListMean())
    save("tokens", EchoTokens())
    (HERE / "not_a_model.pt").write_text("This is no model.\n")


if __name__ == "__main__":
    main()
