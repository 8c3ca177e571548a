"""Requests become jobs of the emulated vendor, whose machines carry them out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from beaf_bmll.config import Config
from beaf_bmll.errors import BMLLError
from beaf_bmll.launcher import find_run, launch_run
from beaf_bmll.staging import AreaWords, install_scripts
from beaf_bmll.testing import Emulator
from beaf_core import (
    CommandRequest,
    ExitCode,
    LaunchRequest,
    UsageError,
    execute_request,
    prepare_pipeline,
)
from beaf_core.run import request_of

#: One process of the suite imports the vendor's package, which takes 3 s.
pytestmark = pytest.mark.xdist_group("bmll")

HOSTILE = "it's $(touch pwned) `touch pwned` \"; touch pwned; é 日本"


def test_a_job_whose_every_name_is_hostile_gives_the_frame_of_a_run_here(
    bmll_emulator: Emulator, config: Config, demo: Path, asked_for: Callable[..., LaunchRequest]
) -> None:
    folder = bmll_emulator.area_roots["user"] / HOSTILE
    folder.mkdir()
    pipeline = folder / f"{HOSTILE}.py"
    pipeline.write_text(demo.read_text())
    (folder / "beaf.yaml").write_text((demo.parent / "beaf.yaml").read_text())
    hostile = config.model_copy(
        update={
            "project_root": str(folder),
            "log_path": f"{HOSTILE}/logs",
            "name_prefix": HOSTILE,
            "bootstrap_env": {"HOSTILE": f"{HOSTILE}\n$(touch pwned)"},
        }
    )
    here = f"OUTPUT_TARGET.path_template={bmll_emulator.root}/here.parquet"
    execute_request(asked_for(pipeline, "2026-02-02", here))

    run = launch_run(asked_for(pipeline, "2026-02-02", f"DATASETNAME={HOSTILE}"), hostile)
    report = run.wait()
    bmll_emulator._machines.wait_until_gone(run.run_id)

    (receipt,) = report.receipts
    assert (report.status, run.status()) == ("succeeded", "succeeded")
    assert receipt.location.startswith(str(folder))
    assert HOSTILE in receipt.location.removeprefix(str(folder))
    assert_frame_equal(
        pl.read_parquet(receipt.location), pl.read_parquet(bmll_emulator.root / "here.parquet")
    )
    assert json.loads(Path(report.manifest).read_text())["run_id"] == report.run_id
    assert any("bars written: " in line for line in run.logs())
    assert bmll_emulator.jobs == []  # delete_job_after: success; its log is read from the area
    assert not list(bmll_emulator.root.rglob("pwned"))
    secrets = [
        each
        for known in bmll_emulator._door._passes.values()
        for each in (known.token, known.api_key)
    ]
    assert secrets
    for file in (each for each in bmll_emulator.area_roots["user"].rglob("*") if each.is_file()):
        assert not [each for each in secrets if each.encode() in file.read_bytes()], file


@pytest.mark.soak
def test_a_command_runs_with_the_machines_python_and_its_exit_code_is_the_runs(
    bmll_emulator: Emulator, config: Config, area: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLOUR", HOSTILE)
    script = "import os, sys; print(os.environ['COLOUR'], sys.argv[1:], os.getcwd()); sys.exit(4)"
    args = (sys.executable, "-c", script, HOSTILE)
    asked = CommandRequest("worker-1", args, str(area / "project"), ("COLOUR", "NOT_SET"))

    run = launch_run(asked, config)
    report = run.wait()

    assert report.exit_code is ExitCode.DATA_MISSING
    assert (run.status(), bmll_emulator.run(run.run_id).exit_code) == ("failed", 4)
    said = list(run.logs())
    assert f"{HOSTILE} {[HOSTILE]} {area / 'project'}" in said
    assert said[-1] == "failed with exit code 4: the command ended with exit code 4"


def test_a_run_is_found_again_by_its_ref_and_nothing_else_is(
    idle: Emulator, config: Config, area: Path
) -> None:
    run = launch_run(CommandRequest("long", (sys.executable,), str(area / "project")), config)
    again = find_run(run.ref, config)
    assert (again.ref, again.status()) == (run.ref, "running")
    for ref in ("nothing", "a/b/c", "../../etc", f"{run.ref}\n"):
        with pytest.raises(UsageError, match=r"knows the run|names no run"):
            find_run(ref, config)


def test_a_run_that_is_stopped_is_cancelled_and_the_vendor_ends_it(
    idle: Emulator, config: Config, area: Path
) -> None:
    run = launch_run(CommandRequest("long", (sys.executable,), str(area / "project")), config)
    run.stop()
    run.stop()  # what has ended is no fault
    assert not idle.run(run.run_id).active
    assert AreaWords(config).is_stopped(run.submit_id, run.run_id)
    assert (run.status(), run.wait().exit_code) == ("cancelled", ExitCode.INTERRUPTED)


def test_a_run_that_was_asked_to_end_is_cancelled_whatever_the_vendor_calls_it(
    idle: Emulator, config: Config, area: Path
) -> None:
    run = launch_run(CommandRequest("long", (sys.executable,), str(area / "project")), config)
    AreaWords(config).stop(run.submit_id, run.run_id)
    idle.end(run.run_id, "failed")
    assert run.status() == "cancelled"


def test_a_run_whose_job_is_deleted_is_remembered(
    idle: Emulator, config: Config, area: Path
) -> None:
    run = launch_run(CommandRequest("long", (sys.executable,), str(area / "project")), config)
    idle.end(run.run_id, "succeeded")
    assert run.wait().exit_code is ExitCode.OK
    assert idle.jobs == []
    assert run.status() == "succeeded"


def test_a_run_that_leaves_no_word_ends_as_the_vendor_says(
    idle: Emulator, config: Config, area: Path
) -> None:
    settled = config.model_copy(update={"success_states": ("succeeded",)})
    for state, status, code, said in (
        ("completed", "failed", 3, "left no last word"),
        ("succeeded", "succeeded", 0, ""),
        ("failed", "failed", 3, "left no last word"),
        ("terminated", "cancelled", 130, "asked to end"),
        ("timed_out", "failed", 5, "max_runtime_hours: 1"),
    ):
        asked = CommandRequest(state, (sys.executable,), str(area / "project"))
        run = launch_run(asked, settled)
        idle.end(run.run_id, state)
        ended = run.ended()
        assert ended is not None
        assert (run.status(), ended.exit_code) == (status, code)
        assert said in ended.message


@pytest.mark.soak  # the client asks again for 7 s
def test_a_run_that_nobody_tells_of_is_not_taken_for_an_ended_one(
    idle: Emulator, config: Config, area: Path
) -> None:
    run = launch_run(CommandRequest("one", (sys.executable,), str(area / "project")), config)
    idle.faults.add("GET", "*", "500", times=None)
    with pytest.raises(BMLLError):
        run.status()
    idle.faults.clear()
    assert run.status() == "running"


@pytest.mark.soak
def test_configuration_alone_is_run_from_outside_the_lab(
    bmll_emulator: Emulator, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is mounted here while the job is submitted; on the machine, everything is."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    mount = tmp_path / "mount"
    away = config.model_copy(
        update={"area_roots": {"user": str(mount)}, "project_root": f"{mount}/project"}
    )
    pipeline = tmp_path / "mine.yaml"
    pipeline.write_text(
        "SOURCE: {type: simulated}\nUNIVERSE: mic=XLON\nPASSES: [{name: bars, modules: [trade]}]\n"
    )
    mount.symlink_to(bmll_emulator.area_roots["user"])
    install_scripts(away)
    mount.unlink()
    flags = {"START_DATE": "2026-02-02", "END_DATE": "2026-02-02"}

    run = launch_run(request_of(prepare_pipeline(pipeline, flags=flags)), away)
    mount.symlink_to(bmll_emulator.area_roots["user"])  # the bootstrap waits for it
    bmll_emulator.wait(run.run_id)
    mount.unlink()
    report = run.wait()

    assert (report.status, run.status()) == ("succeeded", "succeeded")
    (written,) = bmll_emulator.area_roots["user"].rglob("*.parquet")
    assert pl.read_parquet(written).height > 0
