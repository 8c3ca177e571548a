"""Does `beaf dagster doctor` see what is wrong with an instance, and say what mends it?"""

from __future__ import annotations

import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat
from tests.cli.conftest import Beaf, Typed
from tests.dagster_processes import impatient

from beaf_dagster import private
from beaf_dagster.doctor.instance import check_file

SECRET = "hunter2"


@pytest.fixture
def home(tmp_path: Path, empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An instance without a workspace, and DAGSTER_HOME set to it."""
    folder = shutil.copytree(empty_home, tmp_path / "home")
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    monkeypatch.delenv("BEAF_PIPELINES", raising=False)
    monkeypatch.chdir(folder)
    return folder


def findings(typed: Typed) -> dict[str, dict[str, Any]]:
    return {each["subject"]: each for each in typed.json}


def states(typed: Typed) -> dict[str, str]:
    return {name: each["state"] for name, each in findings(typed).items()}


def test_a_sound_instance_passes_with_the_limits_of_sqlite_said(
    beaf: Beaf, home: Path, pipes: Path
) -> None:
    typed = beaf("dagster", "doctor", "--pipeline", pipes, "--json")
    found = findings(typed)
    assert typed.code == 0
    assert {each for each in found if found[each]["state"] == "fail"} == set()
    assert found["storage"]["state"] == "warn"
    assert "one machine" in found["storage"]["remedy"]
    assert found["schema"]["state"] == "ok"
    assert found["daemon"]["state"] == "warn"
    assert "2 assets" in found["pipelines"]["text"]
    table = beaf("dagster", "doctor", "--pipeline", pipes)
    assert table.code == 0
    for name, each in found.items():
        assert any(
            line.startswith(f"{each['state']:<4}  {name}") for line in table.out.splitlines()
        )


def test_an_unreachable_event_log_is_told_without_its_password(
    beaf: Beaf, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    monkeypatch.setenv("SECRET_URL", f"postgresql+psycopg2://me:{SECRET}@127.0.0.1:1/db")
    (home / "dagster.yaml").write_text("storage: {postgres: {postgres_url: {env: SECRET_URL}}}\n")
    typed = beaf("dagster", "doctor", "--json")
    assert typed.code == 3
    assert states(typed)["storage"] == "fail"
    assert "Connection refused" in findings(typed)["storage"]["text"]
    assert SECRET not in typed.out + typed.err
    assert "to mend" in typed.err


def test_a_variable_that_is_not_set_is_named(beaf: Beaf, home: Path) -> None:
    (home / "dagster.yaml").write_text(
        "storage: {postgres: {postgres_db: {hostname: h, username: u, db_name: d, "
        "password: {env: NO_SUCH_VARIABLE}}}}\n"
    )
    typed = beaf("dagster", "doctor", "--json")
    assert typed.code == 3
    assert "NO_SUCH_VARIABLE not set" in findings(typed)["dagster.yaml"]["text"]
    assert "storage" not in states(typed)


def test_a_password_that_others_can_read_is_warned_of(home: Path) -> None:
    file = home / "dagster.yaml"
    url = f"postgresql+psycopg2://me:{SECRET}@127.0.0.1:1/d"
    file.write_text(f"storage: {{postgres: {{postgres_url: '{url}'}}}}\n")
    file.chmod(0o644)
    (found,) = check_file(file)
    assert found.state == "warn"
    assert "chmod 600" in str(found.remedy)
    assert SECRET not in f"{found.text} {found.remedy}"
    file.chmod(0o600)
    assert [each.state for each in check_file(file)] == ["ok"]


@pytest.mark.parametrize("text", ["a: [", "storage: {sqlite: {no_such: x}}", "no_such_section: {}"])
def test_a_file_that_dagster_cannot_read_fails(beaf: Beaf, home: Path, text: str) -> None:
    (home / "dagster.yaml").write_text(text)
    typed = beaf("dagster", "doctor", "--json")
    assert typed.code == 3
    assert "fail" in {states(typed)["dagster.yaml"], states(typed).get("storage")}


def test_a_schema_of_another_release_fails_with_the_migration_to_run(
    beaf: Beaf, home: Path
) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("seen"))
    for file in home.rglob("*.db"):
        with sqlite3.connect(file) as connection:
            names = {name for (name,) in connection.execute("select name from sqlite_master")}
            if "alembic_version" in names:
                connection.execute("update alembic_version set version_num = 'older'")
    typed = beaf("dagster", "doctor", "--json")
    assert typed.code == 3
    found = findings(typed)["schema"]
    assert (found["state"], found["remedy"]) == ("fail", "dagster instance migrate")
    assert "older" in found["text"]


@pytest.mark.parametrize(
    ("age", "state", "told"), [(5, "ok", "last seen"), (4000, "warn", "silent for 4,0")]
)
def test_a_daemon_is_told_by_its_heartbeat(
    beaf: Beaf, home: Path, age: float, state: str, told: str
) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - age, "SCHEDULER", "one"))
    found = findings(beaf("dagster", "doctor", "--json"))["daemon"]
    assert found["state"] == state
    assert told in found["text"]


def test_definitions_that_do_not_load_are_told_with_their_cause(beaf: Beaf, home: Path) -> None:
    (home / "workspace.yaml").write_text(
        "load_from:\n"
        "- python_file: {relative_path: broken.py, location_name: broken}\n"
        "- python_file: {relative_path: sound.py, location_name: sound}\n"
    )
    (home / "broken.py").write_text("import no_such_module\n")
    (home / "sound.py").write_text("import dagster as dg\ndefs = dg.Definitions()\n")
    typed = beaf("dagster", "doctor", "--json")
    assert typed.code == 3
    assert states(typed)["location broken"] == "fail"
    assert "no_such_module" in findings(typed)["location broken"]["text"]
    assert states(typed)["location sound"] == "ok"


def test_more_partitions_than_the_page_is_good_for_are_counted_and_warned_of(
    beaf: Beaf, home: Path
) -> None:
    (home / "workspace.yaml").write_text("load_from: [{python_file: large.py}]\n")
    (home / "large.py").write_text(
        "import dagster as dg\n"
        "each = {n: dg.StaticPartitionsDefinition([str(i) for i in range(400)]) for n in 'ab'}\n"
        "@dg.asset(partitions_def=dg.MultiPartitionsDefinition(each))\n"
        "def large() -> None: ...\n"
        "defs = dg.Definitions([large])\n"
    )
    typed = beaf("dagster", "doctor", "--json")
    assert typed.code == 0
    (sizes,) = [each for name, each in findings(typed).items() if name.endswith("partitions")]
    assert sizes["state"] == "warn"
    assert "160,000" in sizes["text"]


def test_a_private_name_that_has_moved_fails(
    beaf: Beaf, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private, "__all__", [*private.__all__, "moved_away"])
    typed = beaf("dagster", "doctor", "--json")
    assert typed.code == 3
    assert "moved_away" in findings(typed)["private names"]["text"]


def test_broken_pipelines_are_named_with_their_fault(beaf: Beaf, home: Path, pipes: Path) -> None:
    (pipes / "broken.yaml").write_text("PASSES: [{name: bars, modules: [no_such_module]}]\n")
    typed = beaf("dagster", "doctor", "--pipeline", pipes, "--json")
    assert typed.code == 3
    found = findings(typed)["pipeline pipes/broken"]
    assert found["state"] == "fail"
    assert "no_such_module" in found["text"]
