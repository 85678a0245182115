"""How the examples and the tests write their models."""

import zipfile

import torch


def save(model, path, signature=None):
    """TorchScript with the signature (JSON) inside as rk.json, less the debug records: they name the
    paths of the machine that made it."""
    full = path.with_suffix(".full")
    torch.jit.save(torch.jit.script(model), str(full), {"rk.json": signature} if signature else {})
    with zipfile.ZipFile(full) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                target.writestr(zipfile.ZipInfo(entry.filename), source.read(entry))
    full.unlink()
