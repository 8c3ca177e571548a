"""Does it hold for processes that are killed, or all come at once, with the vendor's package?"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from plugins.beaf_bmll.tests.submit.compute import submission
from plugins.beaf_bmll.tests.submit.processes import CAP, CONFIG

from beaf_bmll.gateway import SUBMIT_ID
from beaf_bmll.sdk import connect
from beaf_bmll.submit import Clock, Doctor, Ledger, Submitter, submit_id_of
from beaf_bmll.testing import Emulator

pytestmark = pytest.mark.soak


def run(mode: str, folder: Path, name: str, number: int) -> dict[str, str]:
    """Run submitters, and read what each of them left."""
    words = (sys.executable, "-m", "plugins.beaf_bmll.tests.submit.processes")
    given = (mode, str(folder), name, str(number))
    subprocess.run([*words, *given], check=True, timeout=120)
    return {each.stem: each.read_text() for each in folder.glob(f"{name}-*.txt")}


def living(emulator: Emulator, name: str) -> list[str]:
    mark = submit_id_of(name)
    return [each.id for each in emulator.runs if each.active and each.parameters[SUBMIT_ID] == mark]


def jobs(emulator: Emulator, name: str) -> list[str]:
    return [each.id for each in emulator.jobs if each.parameters[SUBMIT_ID] == submit_id_of(name)]


def test_twenty_processes_at_once_never_exceed_the_cap(emulator: Emulator, tmp_path: Path) -> None:
    results = Counter(run("crowd", tmp_path, "crowd", 20).values())
    assert results == {"started": CAP, "refused": 20 - CAP}
    # Not one more was ever there, not even for a moment.
    assert len([*emulator.runs, *emulator.deleted_runs]) == CAP
    assert len(emulator.jobs) == CAP


def test_a_submitter_killed_between_any_two_calls_is_put_right_by_the_doctor(
    emulator: Emulator, tmp_path: Path
) -> None:
    deaths = run("victims", tmp_path, "victim", 60)
    assert len(deaths) > 15
    in_an_hour = replace(Clock(), now=lambda: datetime.now(UTC) + timedelta(hours=1))
    doctor = Doctor(connect(CONFIG), CONFIG, tmp_path, clock=in_an_hour)
    ours = {submit_id_of(each.replace("-", " ")) for each in deaths}
    assert all(each.done for each in doctor.repair() if each.submit_id in ours)
    assert [each for each in doctor.diagnose() if each.submit_id in ours] == []
    for death, moment in deaths.items():
        name = death.replace("-", " ")
        entry = Ledger(tmp_path).find(submit_id_of(name))
        known = [entry.run_id] if entry and entry.step == "started" else []
        assert living(emulator, name) == known, moment
        assert jobs(emulator, name) == ([entry.job_id] if entry and known else []), moment


def test_a_submitter_killed_between_any_two_calls_is_followed_by_one_run(
    emulator: Emulator, tmp_path: Path
) -> None:
    deaths = run("victims", tmp_path, "again", 60)
    assert len(deaths) > 15
    for death, moment in deaths.items():
        name = death.replace("-", " ")
        done = Submitter(connect(CONFIG), CONFIG, tmp_path).submit(submission(name))
        assert living(emulator, name) == [done.run_id], moment
        assert jobs(emulator, name) == [done.job_id], moment
