"""Keys of an actor's own, for as long as it lives."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from rk_ray.model import RkRayError

MISSING = 66


class KeyFolder:
    """A folder of rk-run --keys, in one that is private. The secret key stays in it."""

    def __init__(self, folder: Path):
        """Makes it. Throws RkRayError."""
        try:
            made = subprocess.run(["rk-run", "--keys", str(folder)], capture_output=True, text=True, check=False)
        except OSError as error:
            raise RkRayError(f"rk-run: {error.strerror}; install rk on each node, on the PATH that Ray was started with",
                             MISSING) from None
        if made.returncode != 0:
            raise RkRayError(made.stderr.strip(), made.returncode)
        self.folder = folder
        self.public = (folder / "own.key").read_text(encoding="ascii")
        self.peers: dict[str, str] = {}

    def let_in(self, peers: Mapping[str, str]) -> None:
        """These, by name, and from now on no others. One without a key keeps what it has."""
        for name in self.peers.keys() - peers.keys():
            self._file(name).unlink(missing_ok=True)
        for name, key in peers.items():
            if key and self.peers.get(name) != key:
                new = self._file(name).with_suffix(".new")
                new.write_text(key, encoding="ascii")
                new.rename(self._file(name))
        self.peers = {name: key or self.peers.get(name, "") for name, key in peers.items()}

    def _file(self, name: str) -> Path:
        return self.folder / "peers" / f"{name}.key"
