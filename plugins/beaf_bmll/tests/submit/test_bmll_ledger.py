"""Does the ledger survive what kills its writers, and does the lock end with its holder?"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from beaf_bmll.config import Config
from beaf_bmll.submit import Clock, Entry, Ledger, state_folder
from beaf_bmll.submit.lock import one_at_a_time
from beaf_core import DataInvalidError, LockedError, ResourceError

NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)
ENTRY = Entry("an-id", "a run", "beaf a run", "demo", "creating", NOW, NOW)


def test_a_page_is_read_as_it_was_written(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    written = ledger.write(ENTRY, step="created", job_id="job-1")
    assert ledger.find("an-id") == written
    assert (written.step, written.job_id, written.begun) == ("created", "job-1", NOW)
    assert written.updated > NOW
    assert ledger.find("another-id") is None


def test_pages_of_what_is_over_are_laid_aside_and_still_found(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ended = ledger.write(ENTRY, step="ended")
    running = ledger.write(replace(ENTRY, submit_id="another"), step="started")
    assert ledger.open_entries() == [running]
    assert sorted(each.submit_id for each in ledger.entries()) == ["an-id", "another"]
    assert ledger.find("an-id") == ended
    again = ledger.write(ended, step="creating")
    assert (ledger.find("an-id"), len(ledger.pages())) == (again, 2)
    assert ledger.open_entries() == [again, running]


def test_of_two_pages_that_a_death_left_the_newer_holds(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.write(ENTRY, step="started")
    old = ledger.pages()[0].read_text()
    ended = ledger.write(ENTRY, step="ended")
    (ledger.folder / "an-id.json").write_text(old)
    assert ledger.find("an-id") == ended
    assert ledger.entries() == [ended]
    assert ledger.open_entries() == []
    ledger.forget("an-id")
    assert ledger.pages() == []


def test_what_a_later_version_adds_to_a_page_is_left_out(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    written = ledger.write(ENTRY)
    page = ledger.pages()[0]
    page.write_text(page.read_text().replace("{", '{"mood": "good",', 1))
    assert ledger.find("an-id") == written


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"begun": "yesterday"}'])
def test_a_page_that_makes_no_sense_is_one_error_with_its_place(tmp_path: Path, text: str) -> None:
    ledger = Ledger(tmp_path)
    ledger.write(ENTRY)
    page = ledger.pages()[0]
    page.write_text(text)
    with pytest.raises(DataInvalidError) as caught:
        ledger.entries()
    assert str(page) in str(caught.value)


def test_a_page_is_on_the_disk_before_it_takes_the_old_ones_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, rename = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "page")
        sync(handle)

    def put(self: Path, target: Path) -> Path:
        done.append("replaced")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", put)
    Ledger(tmp_path).write(ENTRY)
    assert done == ["page", "replaced", "folder"]


def test_a_disk_that_is_full_leaves_the_old_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path)
    before = ledger.write(ENTRY)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResourceError, match="No space left on device"):
        ledger.write(before, step="created")
    assert ledger.find("an-id") == before


def test_pages_and_their_folder_are_closed_to_others(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "jobs")
    ledger.write(ENTRY)
    assert stat.S_IMODE(ledger.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(ledger.pages()[0].stat().st_mode) == 0o600


def test_a_lock_is_for_one_at_a_time_and_says_who_waits_for_what(tmp_path: Path) -> None:
    with one_at_a_time(tmp_path, 1.0, Clock()):
        waited = pytest.raises(LockedError, match=r"submitting for 0\.2 s: it holds .*submit\.lock")
        with waited, one_at_a_time(tmp_path, 0.2, Clock()):
            pass
    with one_at_a_time(tmp_path, 0.2, Clock()):
        assert (tmp_path / "submit.lock").exists()


def test_a_lock_ends_with_its_holder_and_its_file_says_nothing(tmp_path: Path) -> None:
    """The holder is killed, and its file stays."""
    holds = "import fcntl, os, sys, time; f = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT); "
    holds += "fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen(
        [sys.executable, "-S", "-c", holds, str(tmp_path / "submit.lock")], stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(LockedError), one_at_a_time(tmp_path, 0.1, Clock()):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with one_at_a_time(tmp_path, 1.0, Clock()):
        assert (tmp_path / "submit.lock").exists()


def test_where_a_file_system_has_no_locks_this_machine_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, flock = tmp_path / "jobs", fcntl.flock
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def none_there(handle: int, operation: int) -> None:
        if Path(f"/proc/self/fd/{handle}").readlink().is_relative_to(jobs):
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", none_there)
    inside: list[int] = []
    together = threading.Barrier(4)

    def hold() -> None:
        together.wait()
        with one_at_a_time(jobs, 10.0, Clock()):
            inside.append(+1)
            assert sum(inside) == 1
            inside.append(-1)

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(inside) == 8
    assert len(list(tmp_path.glob("beaf-bmll-*.lock"))) == 1


def test_a_folder_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ResourceError, match="cannot be made: Not a directory"),
        one_at_a_time(tmp_path / "file" / "jobs", 0.1, Clock()),
    ):
        pass


def test_the_ledger_lies_with_the_jobs_where_their_area_is_mounted(tmp_path: Path) -> None:
    config = Config(area_roots={"user": str(tmp_path)}, project_root=f"{tmp_path}/project")
    assert state_folder(config) == tmp_path / "project" / "_bmll_jobs"


def test_the_ledger_lies_at_home_where_no_area_is_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    absent = Config(area_roots={"user": str(tmp_path / "no")}, project_root=f"{tmp_path}/no/it")
    assert state_folder(absent) == tmp_path / "beaf" / "bmll"
