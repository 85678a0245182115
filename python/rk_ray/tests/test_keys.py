"""Whom a slot lets in, with an rk-run that makes keys of text."""

import pytest

from rk_ray import RkRayError
from rk_ray.keys import KeyFolder

RK_RUN = """#!/bin/sh
[ "$1" = --keys ] || exit 70
mkdir -p "$2/peers" && echo public >"$2/own.key" && exit 0
echo "rk-run: error: $2" >&2
exit 74
"""


@pytest.fixture
def rk_run(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/rk-run").write_text(RK_RUN)
    (tmp_path / "bin/rk-run").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")


def test_who_is_no_longer_named_is_no_longer_let_in(rk_run, tmp_path):
    keys = KeyFolder(tmp_path / "keys")

    def files():
        return {path.name: path.read_text() for path in (tmp_path / "keys/peers").iterdir()}

    assert keys.public == "public\n"
    keys.let_in({"infer.0": "a", "infer.1": "b"})
    assert files() == {"infer.0.key": "a", "infer.1.key": "b"}
    keys.let_in({"infer.0": "", "infer.1": "c", "infer.2": ""})  # what has not said its key keeps it
    assert files() == {"infer.0.key": "a", "infer.1.key": "c"}
    keys.let_in({"infer.2": "d"})
    assert files() == {"infer.2.key": "d"} == {f"{name}.key": key for name, key in keys.peers.items()}


def test_without_rk_run_or_where_it_fails_its_status_says_so(rk_run, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(RkRayError, match="rk-run: error: .*file") as error:
        KeyFolder(tmp_path / "file")
    assert error.value.status == 74
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RkRayError, match="install rk on each node") as error:
        KeyFolder(tmp_path / "keys")
    assert error.value.status == 66
