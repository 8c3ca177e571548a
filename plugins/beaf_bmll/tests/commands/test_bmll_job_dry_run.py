"""Does `--dry_run` tell exactly what would be written and sent, and touch nothing?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cli.conftest import Beaf, Typed

from beaf_bmll.testing import Emulator

from .conftest import DAY

pytestmark = pytest.mark.xdist_group("bmll")


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(each): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_nothing_is_written_and_nobody_is_asked(
    idle: Emulator, submit: Callable[..., Typed]
) -> None:
    before = files_below(idle.root)
    shown = submit("--dry_run")
    assert shown.code == 0, shown.err
    assert "POST /jobs" in shown.out
    assert DAY in shown.out
    assert "nothing was written or sent" in shown.err
    assert files_below(idle.root) == before
    assert idle.requests == []


def test_what_is_told_is_what_is_then_written_and_sent(
    idle: Emulator, submit: Callable[..., Typed], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only a run's own name differs from one time to the next.
    monkeypatch.setattr("beaf_core.run.new_run_id", lambda: "20260202T000000-aaaaaa")
    words = ("--instance_size", "32", "--max_runtime_hours", "2", "--conda_env", "py311-latest")
    plan = submit(*words, "--dry_run", "--json").json
    ran = submit(*words)
    assert ran.code == 0, ran.err
    (job,), (run,) = idle.jobs, idle.runs
    made, changed, started = [each["json"] for each in plan["requests"]]
    asked = [(each.method, each.path) for each in idle.requests if each.method != "GET"]
    shown = [f"{each['method']} {each['path']}".replace("<job id>", job.id)
             for each in plan["requests"]]  # fmt: skip
    assert shown == [f"{method} {path.removeprefix('/compute')}"
                     for method, path in asked if "/compute" in path]  # fmt: skip
    logs = json.loads(json.dumps(changed).replace("<job id>", job.id))
    assert sent(made | logs) == sent(as_kept(job.settings, made))
    assert run.parameters == started["scriptParameters"]
    for each in plan["files"]:
        assert Path(each["path"]).read_text() == each["text"]


def as_kept(settings: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    return {name: settings[name] for name in made if name in settings}


def sent(settings: dict[str, Any]) -> dict[str, Any]:
    task = ("scriptPath", "scriptArea", "scriptParameters")
    return {name: value for name, value in settings.items() if name not in task}


def test_who_starts_nothing_cannot_wait_for_it(
    idle: Emulator, submit: Callable[..., Typed]
) -> None:
    refused = submit("--dry_run", "--wait")
    assert refused.code == 2
    assert "--dry_run starts nothing to wait for" in refused.err
    assert idle.requests == []


def test_away_from_the_areas_the_request_travels_by_itself_and_scripts_must_be_there(
    idle: Emulator, beaf: Beaf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    settings = {
        "SOURCE": {"type": "simulated"},
        "UNIVERSE": "mic=XLON",
        "PASSES": [{"name": "bars", "modules": ["trade"]}],
        "BMLL_JOBS": {"lab_org_id": idle.lab_org_id, "area_roots": {"user": "/nowhere/user"},
                      "project_root": "/nowhere/user/project"},
    }  # fmt: skip
    Path("bars.yaml").write_text(yaml.safe_dump(settings))
    words = ("job", "run", "--pipeline", "bars.yaml", "--date", DAY)
    plan = beaf(*words, "--dry_run", "--json").json
    assert [each["written"] for each in plan["files"]] == [False, False]
    sent = plan["requests"][0]["json"]["scriptParameters"]["beaf_request"]
    assert json.loads(sent)["request"]["config"]["UNIVERSE"] == "mic=XLON"
    ran = beaf(*words)
    assert (ran.code, "`beaf job bootstrap`" in ran.err) == (0, True)
    assert json.loads(idle.runs[0].parameters["beaf_request"])["kind"] == "pipeline"
    assert list((tmp_path / "state").rglob("*.json")), "the ledger is kept at home"
