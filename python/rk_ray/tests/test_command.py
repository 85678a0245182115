"""What rk-ray refuses before there is a cluster, and what it prints."""

import json
import re
from pathlib import Path

import pytest
import ray

from rk_ray import Pipeline, RkRayError
from rk_ray.command import as_json, main, parse, table
from rk_ray.model import PipelineStatus, SlotStatus, Split

STATUS = PipelineStatus("credit", "running", 2, slots=[
    SlotStatus(0, "running", "node-a", 4711, 1, 75, {"stages": [{"lag": 12}, {"records_per_second": 99.6}]}), SlotStatus(1, "pending")])


def test_the_table_says_what_is_not_known():
    assert table(STATUS).splitlines() == [
        "credit: running slots=2 lag=?",
        "SLOT  STATE    NODE    PID   RESTARTS  LAG  OUT/S",
        "0     running  node-a  4711  1         12   100",
        "1     pending  -       -     0         -    -",
    ]


def test_those_that_join_are_below_their_slot():
    status = PipelineStatus("credit", "running", 2, slots=STATUS.slots, joined=[
        SlotStatus(1, "waiting", "node-c", joined="infer.0"), SlotStatus(0, "running", "node-b", 7, joined="infer.0")])
    rows = [line.split() for line in table(status).splitlines()[2:]]
    assert [row[:3] for row in rows] == [["0", "running", "node-a"], ["0/infer.0", "running", "node-b"], ["1", "pending", "-"],
                                         ["1/infer.0", "waiting", "node-c"]]
    assert [one["joined"] for one in json.loads(as_json(status))["joined"]] == ["infer.0", "infer.0"]


def test_the_reason_of_an_end_is_in_the_table():
    assert table(PipelineStatus("credit", "ended", 0, 78, "slot 0 is broken")).splitlines()[0] == (
        "credit: ended slots=0 lag=0 slot 0 is broken")


def test_json_has_the_lag_of_the_group_and_of_each_slot():
    text = json.loads(as_json(STATUS))
    assert (text["name"], text["wanted"], text["lag"], text["slots"][0]["lag"]) == ("credit", 2, None, 12)


@pytest.mark.parametrize("arguments, status, message", [
    ([], 64, "COMMAND"),
    (["run"], 64, "FILE"),
    (["run", "x.toml", "--slots", "two"], 64, "--slots"),
    (["run", "x.toml", "--split", "=2"], 64, "--split"),
    (["run", "x.toml", "--split", "infer=two"], 64, "--split"),
    (["resize", "credit"], 64, "SLOTS"),
])
def test_bad_usage_is_refused_in_one_line(arguments, status, message, capsys):
    assert main(arguments) == status
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and said.err.startswith("rk-ray: error: ") and message in said.err


def test_the_version_is_that_of_the_tools(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    root = Path(__file__).resolve().parents[3]
    version = re.search(r"project\(rk VERSION (\S+)", (root / "CMakeLists.txt").read_text())[1]
    assert (end.value.code, capsys.readouterr().out) == (0, f"rk-ray {version}\n")


def test_without_a_cluster_the_status_is_unavailable(monkeypatch, capsys):
    def refuse(**_):
        raise ConnectionError("Could not find any running Ray instance.")

    monkeypatch.setattr(ray, "init", refuse)
    assert main(["status"]) == 69
    assert capsys.readouterr().err == "rk-ray: error: no Ray cluster: Could not find any running Ray instance.\n"


def test_a_stage_is_split_off_once_a_slot_unless_it_says_how_often():
    assert [parse(["run", "x.toml", "--split", text]).split for text in ("infer", "infer=3")] == [Split("infer"), Split("infer", 3)]


def test_cores_for_what_is_not_split_off_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(ray, "init", lambda **_: None)
    (tmp_path / "x.toml").write_text("")
    assert main(["run", str(tmp_path / "x.toml"), "--split-cpus", "2"]) == 64
    assert "--split-cpus is of no use without --split" in capsys.readouterr().err


def refusal(call):
    with pytest.raises(RkRayError) as error:
        call()
    return error.value.status, str(error.value)


def test_files_and_numbers_that_do_not_do(tmp_path):
    assert refusal(lambda: Pipeline(tmp_path / "none.toml")) == (66, f"{tmp_path}/none.toml: No such file or directory")
    file = tmp_path / "credit.toml"
    file.write_text("")
    assert refusal(lambda: Pipeline(file, "a/b"))[0] == 64
    pipeline = Pipeline(file)
    assert pipeline.name == "credit"
    for arguments in ({"slots": 0}, {"cpus": -1}, {"scale_up_lag": 5}, {"max_slots": 5},
                      {"slots": 3, "max_slots": 2, "scale_up_lag": 5}, {"scale_up_lag": 0, "max_slots": 2},
                      {"split": Split("infer", 0)}, {"split": Split("infer", 1, -1)}):
        assert refusal(lambda: pipeline.run(**arguments))[0] == 64
