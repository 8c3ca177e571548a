"""Do the emulated servers fail as they are told to: before they act, or after?"""

from __future__ import annotations

import time
from http.client import HTTPException

import pytest

from beaf_bmll.testing import KINDS

# The vendor's package takes seconds to import: one process of the suite does it for all.
pytestmark = pytest.mark.xdist_group("bmll")

STATUSES = [kind for kind in KINDS if kind.isdigit()]
WHEN = [("before", 0), ("after", 1)]


@pytest.mark.parametrize(("when", "made"), WHEN)
@pytest.mark.parametrize("kind", STATUSES)
def test_a_status_comes_before_or_after_the_act(ask, job, bmll_emulator, kind, when, made):
    path = f"/jobs/{job().id}/runs"
    bmll_emulator.faults.add("POST", "/compute/jobs/*/runs", kind, when=when)
    assert ask("POST", path)[0] == int(kind)
    assert len(bmll_emulator.runs) == made
    assert bmll_emulator.requests[-1].fault == f"{kind} {when}"
    assert ask("POST", path)[0] == 200, "a fault strikes once"


@pytest.mark.parametrize(("when", "made"), WHEN)
def test_a_page_comes_in_place_of_json(ask, job, bmll_emulator, when, made):
    path = f"/jobs/{job().id}/runs"
    bmll_emulator.faults.add("POST", "*/runs", "html", when=when)
    status, body = ask("POST", path)
    assert (status, body[:6]) == (500, b"<html>")
    assert len(bmll_emulator.runs) == made


@pytest.mark.parametrize(("when", "made"), WHEN)
def test_a_connection_breaks(ask, job, bmll_emulator, when, made):
    path = f"/jobs/{job().id}/runs"
    bmll_emulator.faults.add("POST", "*/runs", "reset", when=when)
    with pytest.raises((OSError, HTTPException)):
        ask("POST", path)
    assert len(bmll_emulator.runs) == made
    assert bmll_emulator.requests[-1].status == 0


@pytest.mark.parametrize(("when", "made"), WHEN)
def test_an_answer_stays_away(ask, job, bmll_emulator, when, made):
    path = f"/jobs/{job().id}/runs"
    bmll_emulator.faults.add("POST", "*/runs", "stall", when=when)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        ask("POST", path, timeout=0.2)
    assert time.monotonic() - began < 5
    assert len(bmll_emulator.runs) == made


def test_a_stall_ends_after_its_seconds_and_when_the_emulator_closes(ask, bmll_emulator):
    bmll_emulator.faults.add("GET", "/compute/jobs", "stall", seconds=0.1)
    assert ask("GET", "/jobs")[0] == 504


def test_faults_skip_strike_and_are_cleared(ask, bmll_emulator):
    bmll_emulator.faults.add("*", "/compute/jobs", "503", skip=1, times=2)
    assert [ask("GET", "/jobs")[0] for _ in range(4)] == [200, 503, 503, 200]
    bmll_emulator.faults.add("*", "/compute/*", "500", times=None)
    assert [ask("GET", "/jobs")[0] for _ in range(2)] == [500, 500]
    bmll_emulator.faults.clear()
    assert ask("GET", "/jobs")[0] == 200


def test_a_fault_that_nobody_knows_is_refused(bmll_emulator):
    with pytest.raises(ValueError, match="no kind of fault '418'"):
        bmll_emulator.faults.add("GET", "/compute/jobs", "418")


def test_one_execute_of_the_package_makes_two_runs_when_an_answer_is_lost(job, bmll_emulator):
    made = job()
    bmll_emulator.faults.add("POST", "*/runs", "503", when="after")
    made.execute()
    assert len(bmll_emulator.runs) == 2
