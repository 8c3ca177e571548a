"""Does `beaf dagster setup` make a home that Dagster opens, once, and without a secret in it?"""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from tests.cli.conftest import Beaf
from tests.conftest import ROOT
from tests.postgres import PASSWORD, PostgresServer

from beaf_dagster.homes.home import new_home
from beaf_dagster.private import get_loadable_targets, location_origins_from_yaml_paths

SCRIPT = ROOT / "scripts" / "setup_dagster_demo.sh"
FILES = {
    "dagster.yaml",
    "workspace.yaml",
    "project/pyproject.toml",
    "project/src/beaf_pipelines/__init__.py",
    "project/src/beaf_pipelines/definitions.py",
}


@pytest.fixture
def home(pipes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that is not there yet, in the project's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.delenv("BEAF_PIPELINES", raising=False)
    with (pipes.parent / "beaf.yaml").open("a") as project:
        project.write('START_DATE: "2025-01-06"\n')  # the source knows nothing of today
    return tmp_path / "home"


def written(home: Path) -> set[str]:
    return {str(each.relative_to(home)) for each in home.rglob("*") if each.is_file()}


def workspace_definitions(home: Path) -> dg.Definitions:
    """Load what the workspace of a home names, as a code server does."""
    (origin,) = location_origins_from_yaml_paths([str(home / "workspace.yaml")])
    file = origin.loadable_target_origin.python_file
    (target,) = get_loadable_targets(
        python_file=file,
        module_name=None,
        package_name=None,
        autoload_defs_module_name=None,
        working_directory=None,
        attribute=None,
        resolve_lazy_defs=True,
    )
    assert isinstance(target.target_definition, dg.Definitions)
    return target.target_definition


def test_a_home_is_written_once_and_kept_from_then_on(beaf: Beaf, home: Path, pipes: Path) -> None:
    first = beaf("dagster", "setup", "--dagster_home", home, "--pipelines", pipes)
    assert first.code == 0
    assert written(home) == FILES
    assert first.out.count("wrote") == len(FILES)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    before = {name: (home / name).read_bytes() for name in FILES}
    again = beaf("dagster", "setup", "--dagster-home", home, "--pipelines", pipes)
    assert again.code == 0
    assert {name: (home / name).read_bytes() for name in FILES} == before
    assert again.out.count("kept") == len(FILES)
    assert f"kept, though it says other than asked {home / 'dagster.yaml'}" in again.out


def test_a_dry_run_says_the_same_and_writes_nothing(beaf: Beaf, home: Path, pipes: Path) -> None:
    typed = beaf(
        "dagster", "setup", "--dagster_home", home, "--pipelines", pipes, "--dry_run", "--json"
    )
    assert {
        Path(each["path"]).relative_to(home).as_posix() for each in typed.json["files"]
    } == FILES
    assert {each["state"] for each in typed.json["files"]} == {"written"}
    assert not home.exists()


def test_what_is_set_up_opens_and_loads_with_the_partitions_that_were_asked(
    beaf: Beaf, home: Path, pipes: Path
) -> None:
    beaf("dagster", "setup", "--dagster_home", home, "--pipelines", pipes, "--batch_freq", "W")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_runs_count() == 0
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert instance.run_monitoring_enabled
        assert instance.code_server_settings["local_startup_timeout"] == 300
    definitions = workspace_definitions(home)
    bars = definitions.resolve_assets_def(dg.AssetKey(["pipes", "bars"])).partitions_def
    assert isinstance(bars, dg.MultiPartitionsDefinition)
    dates = bars.get_partitions_def_for_dimension("date").get_partition_keys()
    # 2015-01-01 was a Thursday: the first whole week begins on the Monday after it.
    assert dates[:2] == ["2015-01-05", "2015-01-12"]
    # Every venue of the source, after the pipeline's own.
    universes = bars.get_partitions_def_for_dimension("universe").get_partition_keys()
    assert universes == ["mic=XLON", "mic=XPAR"]


def test_the_launcher_that_its_file_offers_is_one_once_its_comment_is_taken_away(
    beaf: Beaf, home: Path, pipes: Path
) -> None:
    beaf("dagster", "setup", "--dagster_home", home, "--pipelines", pipes)
    text, mark, offered = (home / "dagster.yaml").read_text().partition("# run_launcher:")
    lines = [line.removeprefix("# ") for line in (mark + offered).splitlines()]
    (home / "dagster.yaml").write_text(text + "\n".join(lines))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert type(instance.run_launcher).__name__ == "BeafRunLauncher"
        assert instance.run_monitoring_enabled  # the launcher's limits hold by it


def test_the_environment_of_a_run_changes_no_partition(
    beaf: Beaf, home: Path, pipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beaf("dagster", "setup", "--dagster_home", home, "--pipelines", pipes, "--batch_freq", "M")
    monkeypatch.setenv("BATCH_FREQ", "D")
    bars = workspace_definitions(home).resolve_assets_def(dg.AssetKey(["pipes", "bars"]))
    assert isinstance(bars.partitions_def, dg.MultiPartitionsDefinition)
    dates = bars.partitions_def.get_partitions_def_for_dimension("date")
    assert list(dates.get_partition_keys()[:2]) == ["2015-01-01", "2015-02-01"]


def test_the_pipelines_of_the_project_are_taken_where_none_are_named(
    beaf: Beaf, home: Path, pipes: Path
) -> None:
    pipes.rename(pipes.with_name("pipelines"))
    typed = beaf("dagster", "setup", "--dagster_home", home)
    assert (typed.code, "no pipelines" in typed.err) == (0, False)
    text = (home / "project/src/beaf_pipelines/definitions.py").read_text()
    assert f'"{pipes.with_name("pipelines")}"' in text


def test_postgresql_opens_with_a_password_that_stands_in_no_file(
    beaf: Beaf,
    home: Path,
    pipes: Path,
    dagster_postgres: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = dagster_postgres.create_database()
    typed = beaf("dagster", "setup", "--dagster_home", home, "--pipelines", pipes,
                 "--postgres_url", url)  # fmt: skip
    assert typed.code == 0
    assert "DAGSTER_POSTGRES_PASSWORD" in typed.err
    texts = typed.out + typed.err + "".join((home / name).read_text() for name in FILES)
    assert PASSWORD not in texts
    assert "s3cr3t" not in texts
    assert stat.S_IMODE((home / "dagster.yaml").stat().st_mode) == 0o600
    monkeypatch.setenv("DAGSTER_POSTGRES_PASSWORD", PASSWORD)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("seen"))
    (told,) = dagster_postgres.rows("select count(*) from event_logs", url=url)
    assert told == (1,)
    seen = beaf("dagster", "doctor", "--dagster_home", home)
    assert f"***@127.0.0.1:{dagster_postgres.port}" in seen.out
    assert "s3cr3t" not in seen.out + seen.err


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--postgres_url", "mysql://me@host/db", "mysql is not PostgreSQL"),
        ("--postgres_url", "postgresql://host", "no user and no database"),
        ("--postgres_url", "postgresql://me@host:port/db", "port"),
        ("--batch_freq", "H", "'H' is not one of"),
        ("--start_date", "2025-02-30", "is not a date"),
        ("--pipelines", "nowhere", "nowhere is neither a folder"),
    ],
)
def test_what_cannot_be_meant_is_told_and_nothing_is_written(
    beaf: Beaf, home: Path, option: str, value: str, told: str
) -> None:
    typed = beaf("dagster", "setup", "--dagster_home", home, option, value)
    assert typed.code == 2
    assert told in typed.err
    assert not home.exists()


def test_a_home_that_cannot_be_written_says_so(beaf: Beaf, home: Path, pipes: Path) -> None:
    home.write_text("a file")
    typed = beaf("dagster", "setup", "--dagster_home", home, "--pipelines", pipes)
    assert typed.code == 5
    assert "cannot be written" in typed.err


def test_the_home_is_that_of_bmll_where_it_can_be(tmp_path: Path, home: Path) -> None:
    bmll = tmp_path / "user" / "my-dagster"
    assert new_home(bmll=bmll) == Path("~/.beaf/dagster").expanduser()
    bmll.parent.mkdir()
    assert new_home(bmll=bmll) == bmll
    assert new_home("given", bmll=bmll) == tmp_path / "given"


def test_the_script_has_no_fault_that_shellcheck_knows() -> None:
    program = shutil.which("shellcheck", path=str(Path(sys.executable).parent))
    assert program is not None
    done = subprocess.run([program, SCRIPT], text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
