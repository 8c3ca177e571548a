"""What the runner does on its machine, in a process of its own, parameters in hand."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from beaf_bmll.config import Config
from beaf_bmll.gateway import DIGEST, REQUEST, SUBMIT_ID
from beaf_bmll.runner import entry
from beaf_bmll.runner.work import run_command, run_pipeline
from beaf_bmll.staging import AreaWords, Staged, stage
from beaf_core import CommandRequest, ExitCode, LaunchRequest, ResourceError

#: Starts the staged file as the vendor's Python would, with the parameters at hand: asking the
#: vendor for them takes its package, and 3 s (`test_bmll_end_to_end.py` does).
_START = """
import json, runpy, sys
runner = runpy.run_path(sys.argv[1])
runner["main"].__globals__["_parameters"] = lambda: json.loads(sys.argv[2])
sys.exit(runner["main"]())
"""


def start(
    staged: Staged, config: Config, run_id: str = "run-1", **changes: str
) -> subprocess.Popen[str]:
    root = config.area_roots[staged.script.area]
    parameters = {**staged.parameters, SUBMIT_ID: "submission", **changes}
    return subprocess.Popen(
        [sys.executable, "-c", _START, f"{root}/{staged.script.path}", json.dumps(parameters)],
        env={**os.environ, "JOB_RUN_ID": run_id},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=60)
    return process.returncode, said


def command(area: Path, script: str, *args: str, **more: tuple[str, ...]) -> CommandRequest:
    words = (sys.executable, "-c", script, *args)
    return CommandRequest("work", words, str(area / "project"), **more)


def test_a_second_copy_of_a_run_does_nothing_says_so_and_succeeds(
    area: Path, config: Config
) -> None:
    work = command(area, "open('done', 'a').write('x'); import time; time.sleep(0.5)")
    staged = stage(work, config)
    first = start(staged, config)
    while AreaWords(config).holder("submission") is None:
        time.sleep(0.01)
    assert ended(start(staged, config, "run-2")) == (
        0,
        "beaf: duplicate: the run run-1 does this already\n",
    )
    assert ended(first)[0] == 0
    assert (area / "project" / "done").read_text() == "x"
    assert AreaWords(config).status("submission") == "succeeded"


def test_of_many_copies_at_once_exactly_one_takes_the_lease(tmp_path: Path) -> None:
    start_at = time.time() + 0.3
    take = (
        "import sys, time; from pathlib import Path; from beaf_bmll.runner import entry\n"
        "time.sleep(max(0, float(sys.argv[3]) - time.time()))\n"
        "sys.exit(not entry.take_lease(Path(sys.argv[1]), sys.argv[2]))"
    )
    copies = [
        subprocess.Popen(
            [sys.executable, "-c", take, tmp_path / "lease", f"run-{number}", str(start_at)],
            stdout=subprocess.DEVNULL,
        )
        for number in range(6)
    ]
    assert sorted(each.wait(30) for each in copies) == [0, 1, 1, 1, 1, 1]


def test_a_request_that_is_not_the_one_submitted_is_refused(area: Path, config: Config) -> None:
    staged = stage(command(area, "open('done', 'w')"), config)
    file = Path(staged.parameters[REQUEST])
    file.chmod(0o600)
    file.write_text(file.read_text().replace("'done'", "'evil'"))
    code, said = ended(start(staged, config))
    word = AreaWords(config).word("submission")
    assert (code, word and word.status) == (entry.USAGE, "failed")
    assert "its digest differs" in said
    assert not (area / "project" / "evil").exists()


def test_an_inline_request_is_checked_as_well(area: Path, config: Config) -> None:
    staged = stage(command(area, "print('here')"), config)
    text = Path(staged.parameters[REQUEST]).read_text()
    inline = {**staged.parameters, REQUEST: text}
    assert entry.read_request(inline) == entry.read_request(staged.parameters)
    with pytest.raises(entry.RefusedError, match="the request in the parameters is not the one"):
        entry.read_request({**inline, REQUEST: text.replace("here", "gone")})


@pytest.mark.parametrize("name", ["../../evil", "/evil", "", "a/b", ".."])
def test_a_submission_that_names_another_folder_is_refused(
    area: Path, config: Config, name: str
) -> None:
    job = entry.Job({entry.FOLDER: str(area), SUBMIT_ID: name}, "run-1")
    with pytest.raises(entry.RefusedError, match="no name of a run"):
        job.home  # noqa: B018 — asking is the test


def test_secrets_come_from_the_file_of_the_area_and_are_told_nowhere(
    area: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "from-here")
    (area / "secrets.env").write_text("# ours\nexport DB_PASSWORD='hunter2 two'\nURL=x\n\n")
    own = config.model_copy(update={"env_file": str(area / "secrets.env")})
    script = (
        "import os, sys; sys.exit(os.environ['DB_PASSWORD'][::-1] != 'owt 2retnuh' "
        "or os.environ['URL'] != 'x')"
    )
    asked = command(area, script, environment=("DB_PASSWORD",))
    staged = stage(asked, own)
    monkeypatch.delenv("DB_PASSWORD")
    code, said = ended(start(staged, own))
    assert code == 0, said
    for file in (each for each in area.rglob("*") if each.is_file() and each.suffix != ".env"):
        assert "hunter2" not in file.read_text()
        assert "from-here" not in file.read_text()


def test_a_secret_in_a_message_is_hidden(
    area: Path,
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    text = "cannot log in at postgresql://me:pw@db/x with hunter2 two or hunter2"
    shown = entry.masked(text, ["hunter2", "hunter2 two"])
    assert shown == "cannot log in at postgresql://***@db/x with *** or ***"

    (area / "secrets.env").write_text("A=hunter2\nDEBUG=1\n")  # 1 is no secret
    own = config.model_copy(update={"env_file": str(area / "secrets.env")})
    asked = CommandRequest("c", ("/no/hunter2/1",), str(area))
    job = entry.Job({**stage(asked, own).parameters, SUBMIT_ID: "submission"}, "run-1")
    monkeypatch.setattr(os, "environ", {})
    assert entry.carry(job) == entry.USAGE
    word = AreaWords(config).word("submission")
    assert word is not None
    assert "the command /no/***/1 cannot be started" in word.message
    assert "hunter2" not in capfd.readouterr().err


def test_an_error_that_nobody_expected_tells_no_secret_in_the_log(
    area: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (area / "secrets.env").write_text("A=hunter2")
    asked = {
        "kind": "command",
        "request": {"hunter2": "no field of a request"},
        "schedule": None,
        "environment": {},
        "required": [],
        "pythonpath": [],
        "env_file": str(area / "secrets.env"),
    }
    text = json.dumps(asked)
    digest = hashlib.sha256(text.encode()).hexdigest()
    given = {REQUEST: text, DIGEST: digest, SUBMIT_ID: "submission", entry.FOLDER: str(area)}
    monkeypatch.setattr(os, "environ", {})
    assert entry.carry(entry.Job(given, "run-1")) == entry.BUG
    said = capfd.readouterr().err
    assert "Traceback" in said
    assert "TypeError" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "cannot be read"), ("A=1\nhunter2\n", "line 2 of"), ("B=1", "does not set them")],
)
def test_an_env_file_that_does_not_do_is_told_without_its_text(
    area: Path, config: Config, monkeypatch: pytest.MonkeyPatch, text: str | None, said: str
) -> None:
    monkeypatch.setenv("MY_TOKEN", "x")
    own = config.model_copy(update={"env_file": str(area / "secrets.env")})
    (area / "secrets.env").write_text(text or "")
    staged = stage(command(area, "", environment=("MY_TOKEN",)), own)
    if text is None:
        (area / "secrets.env").unlink()  # meanwhile
    monkeypatch.setattr(os, "environ", {})
    with pytest.raises(entry.RefusedError, match=said) as refused:
        entry.set_environment(entry.read_request(staged.parameters))
    assert "hunter2" not in str(refused.value)


def test_a_run_that_is_asked_to_end_ends_its_command_and_says_so(
    area: Path, config: Config
) -> None:
    script = "open('begun', 'w'); import time; time.sleep(60)"
    process = start(stage(command(area, script), config), config)
    while not (area / "project" / "begun").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == entry.INTERRUPTED
    assert AreaWords(config).status("submission") == "cancelled"


def test_a_command_that_is_killed_or_is_not_there_has_failed(area: Path) -> None:
    killed = ("/bin/sh", "-c", "kill -9 $$")
    found = run_command(CommandRequest("c", killed, str(area)), own_python=False)
    assert found == entry.Ending("failed", 137, "the command ended with exit code -9 (SIGKILL)")
    asked = CommandRequest("c", ("/not/here/python", "-c", "raise SystemExit(7)"), str(area))
    assert run_command(asked, own_python=True).exit_code == 7  # by the interpreter over here
    absent = CommandRequest("c", ("/no/such/program",), str(area))
    found = run_command(absent, own_python=False)
    assert (found.status, found.exit_code) == ("failed", entry.USAGE)
    assert "cannot be started" in found.message


def test_a_machine_without_beaf_says_what_is_lacking(area: Path, config: Config) -> None:
    staged = stage(command(area, ""), config)
    parameters = {**staged.parameters, SUBMIT_ID: "submission"}
    runner = f"{area}/{staged.script.path}"
    ended = subprocess.run(
        [sys.executable, "-S", "-c", _START, runner, json.dumps(parameters)],
        env={"JOB_RUN_ID": "run-1", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    word = AreaWords(config).word("submission")
    assert (ended.returncode, word and word.status) == (entry.USAGE, "failed")
    assert "BEAF cannot be imported by" in ended.stderr


def test_a_pipeline_that_fails_has_a_report_that_tells_why(
    config: Config, demo: Path, asked_for: Callable[..., LaunchRequest], tmp_path: Path
) -> None:
    asked = LaunchRequest.from_json({**asked_for(demo).to_json(), "universe": "mic=XXXX"})
    found = run_pipeline(asked, tmp_path)
    assert (found.status, found.exit_code) == ("failed", ExitCode.DATA_MISSING)
    assert "XXXX" in found.message
    report = json.loads((tmp_path / entry.REPORT).read_text())
    assert report["outcomes"][0]["exit_code"] == ExitCode.DATA_MISSING
    refused = run_pipeline(replace(asked, config={"PASSES": "none"}), tmp_path)
    assert (refused.status, refused.exit_code) == ("failed", ExitCode.USAGE)


def test_a_job_that_beaf_has_not_submitted_is_refused() -> None:
    with pytest.raises(entry.RefusedError, match="no beaf_folder, beaf_request, beaf_digest"):
        entry.check({SUBMIT_ID: "submission"})


def test_a_word_that_is_only_half_there_says_nothing_yet(config: Config, area: Path) -> None:
    run = area / "project" / "_bmll_jobs" / "runs" / "submission"
    entry.leave(run, entry.Ending("running", 0), "run-1", "2026-02-02")
    assert AreaWords(config).status("submission") == "running"
    (run / "status.json").write_text('{"status": "succ')
    assert AreaWords(config).status("submission") is None


def test_the_words_of_the_runner_are_those_of_its_readers() -> None:
    assert (entry.SUBMIT_ID, entry.REQUEST, entry.DIGEST) == (SUBMIT_ID, REQUEST, DIGEST)


def test_files_of_a_run_are_closed_to_others(area: Path, config: Config) -> None:
    staged = stage(command(area, ""), config)
    assert ended(start(staged, config))[0] == 0
    told: Mapping[str, int] = {
        each.name: each.stat().st_mode & 0o077
        for each in (area / "project" / "_bmll_jobs").rglob("*")
        if each.suffix in {".json", ""} and each.is_file()
    }
    assert set(told.values()) == {0}, told
    assert {"status.json", "lease"} <= set(told)


def test_a_word_that_cannot_be_read_is_told_with_its_place(config: Config, area: Path) -> None:
    status = area / "project" / "_bmll_jobs" / "runs" / "submission" / entry.STATUS
    status.mkdir(parents=True)
    with pytest.raises(ResourceError, match=r"status\.json cannot be read: Is a dir"):
        AreaWords(config).status("submission")
