"""Decisions, without Ray's cluster, a process or a clock."""

import re
from pathlib import Path

import pytest

from rk_ray.decisions import (LagScaler, Restarts, contacts_of_joined, contacts_of_slot, exit_status, host_of, may_get_better,
                              next_state, outcome)
from rk_ray.metrics import samples
from rk_ray.model import Contact, PipelineStatus, SlotStatus


def slot(number, state, exit=None, lag=None):
    report = None if lag is None else {"state": "running", "stages": [{"stage": "read", "lag": lag}, {"records_per_second": 5.0}]}
    return SlotStatus(number, state, exit=exit, report=report)


def test_the_exit_codes_that_are_tried_again_are_those_of_rk_run():
    lib = Path(__file__).resolve().parents[3] / "lib"
    codes = dict(re.findall(r"(kExit\w+) = (\d+),", (lib / "stage/exit_code.h").read_text()))
    rule = re.search(r"bool MayGetBetter\(int status\) {\s*return (.*?);", (lib / "run/restart_policy.cc").read_text(), re.DOTALL)
    assert len(codes) > 8 and rule
    python = re.sub(r"kExit\w+", lambda name: codes[name[0]], rule[1]).replace("||", "or")
    assert [may_get_better(status) for status in range(256)] == [eval(python, {"status": status}) for status in range(256)]
    assert may_get_better(69) and not may_get_better(64)


def test_death_by_a_signal_is_128_and_its_number():
    assert (exit_status(-9), exit_status(75)) == (137, 75)


@pytest.mark.parametrize("status, told, state", [(0, False, "finished"), (0, True, "stopped"), (75, False, "restarting"),
                                                 (75, True, "stopped"), (78, False, "failed"), (143, True, "stopped"),
                                                 (76, False, "fenced"), (76, True, "stopped")])
def test_what_becomes_of_a_slot_whose_rk_run_has_exited(status, told, state):
    assert next_state(status, told) == state


def test_a_slot_that_is_fenced_again_and_again_fails():
    assert [next_state(76, False, fenced_in_a_row) for fenced_in_a_row in range(1, 7)] == ["fenced"] * 4 + ["failed"] * 2


def test_one_that_joins_has_no_end_of_its_own():
    assert [next_state(status, False, joins=True) for status in (0, 75, 64)] == ["restarting", "restarting", "failed"]
    assert next_state(0, True, joins=True) == "stopped"


def test_pauses_double_to_half_a_minute_and_begin_again_after_one_that_ran():
    restarts = Restarts()
    assert [restarts.pause(2) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert [restarts.pause(60), restarts.pause(59)] == [1, 2]
    assert restarts.count == 9


def test_a_slot_that_failed_ends_the_pipeline_with_its_status():
    code, reason = outcome([slot(0, "running"), slot(1, "failed", 78)])
    assert code == 78 and reason.startswith("slot 1 ended with status 78")


def test_a_pipeline_finishes_when_all_slots_have():
    assert outcome([slot(0, "finished", 0), slot(1, "running")]) is None
    assert outcome([slot(0, "finished", 0), slot(1, "finished", 0)]) == (0, "")
    assert outcome([]) is None
    assert outcome([slot(0, "restarting", 75), slot(1, "moving"), slot(2, "pending")]) is None


def test_of_one_that_joins_only_a_failure_ends_the_pipeline():
    def joined(state, exit=None):
        return SlotStatus(0, state, exit=exit, joined="infer.1")

    assert outcome([slot(0, "finished", 0), joined("running")]) == (0, "")
    assert outcome([slot(0, "running"), joined("moving")]) is None
    code, reason = outcome([slot(0, "running"), joined("failed", 66)])
    assert code == 66 and reason.startswith("slot 0/infer.1 ended with status 66")


def test_a_slot_is_told_the_keys_of_those_that_join_it_as_far_as_they_are_known():
    told = contacts_of_slot({"infer.0": Contact(key="a"), "infer.1": Contact()})
    assert told == Contact(peers={"infer.0": "a", "infer.1": ""})


def test_one_joins_a_slot_that_knows_its_key():
    slot = Contact(key="s", address="tcp://10.0.0.1:7000", peers={"infer.0": "a"})
    assert contacts_of_joined(Contact(key="a"), slot) == Contact(address="tcp://10.0.0.1:7000", peers={"10.0.0.1": "s"})
    for own, other in ((Contact(key="b"), slot), (Contact(), slot), (Contact(key="a"), Contact(key="s", peers={"infer.0": "a"}))):
        assert contacts_of_joined(own, other) == Contact()
    assert host_of("tcp://[fd00::1]:7000") == "fd00::1"


class Scaling:
    """A scaler that is asked once a second."""

    def __init__(self, slots=1):
        self.scaler, self.now, self.slots = LagScaler(100, 3), 0, slots

    def feed(self, lag, seconds):
        """Returns how many slots there are after each second."""
        seen = []
        for _ in range(seconds):
            self.slots = self.scaler.decide(self.now, lag, self.slots, 1)
            self.now += 1
            seen.append(self.slots)
        return seen


def test_a_slot_more_after_15_seconds_of_lag_for_each_slot():
    scaling = Scaling()
    assert scaling.feed(101, 16) == [1] * 15 + [2]
    assert scaling.feed(200, 30) == [2] * 30  # no more than 100 a slot
    assert scaling.feed(201, 16) == [2] * 15 + [3]
    assert scaling.feed(9999, 40) == [3] * 40  # the maximum


def test_one_less_after_a_minute_of_next_to_none():
    scaling = Scaling(3)
    assert scaling.feed(9, 61) == [3] * 60 + [2]
    assert scaling.feed(10, 100) == [2] * 100
    assert scaling.feed(0, 61) == [2] * 60 + [1]
    assert scaling.feed(0, 100) == [1] * 100  # the minimum


def test_what_is_not_known_begins_the_wait_again():
    scaling = Scaling()
    assert scaling.feed(500, 15) + scaling.feed(None, 1) + scaling.feed(500, 15) == [1] * 31
    assert scaling.feed(500, 1) == [2]


def test_a_peak_and_a_gap_begin_the_wait_again():
    scaling = Scaling(2)
    assert scaling.feed(0, 60) + scaling.feed(50, 1) + scaling.feed(0, 60) == [2] * 121
    assert scaling.feed(900, 15) + scaling.feed(50, 1) + scaling.feed(900, 15) == [2] * 31


def test_the_groups_lag_is_known_when_every_slots_is():
    def lag(wanted, *slots):
        return PipelineStatus("credit", "running", wanted, slots=list(slots)).lag

    assert lag(2, slot(0, "running", lag=3), slot(1, "running", lag=4)) == 7
    assert lag(2, slot(0, "running", lag=3), slot(1, "moving")) is None
    assert lag(2, slot(0, "running", lag=3)) is None
    assert slot(0, "running", lag=3).rate == 5


def test_samples_of_prometheus_text():
    text = ('# HELP rk_lag_records x\n# TYPE rk_lag_records gauge\nrk_lag_records{pipeline="c",stage="read"} 55\n'
            'rk_call_seconds_bucket{stage="in\\"fer",le="+Inf"} 1e3\n')
    assert list(samples(text)) == [("rk_lag_records", {"pipeline": "c", "stage": "read"}, 55.0),
                                   ("rk_call_seconds_bucket", {"stage": 'in\\"fer', "le": "+Inf"}, 1000.0)]
