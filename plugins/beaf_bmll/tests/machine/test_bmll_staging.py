"""A request travels as plain data, with paths that its machine knows, and without secrets."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_bmll.config import Config
from beaf_bmll.gateway import REQUEST
from beaf_bmll.runner import entry
from beaf_bmll.runner.entry import read_request
from beaf_bmll.specs import submission_of
from beaf_bmll.staging import AreaWords, Schedule, Staged, prepare, stage
from beaf_bmll.submit import submit_id_of
from beaf_bmll.testing import Emulator
from beaf_core import CommandRequest, DatePartition, LaunchRequest, UsageError

Ask = Callable[..., LaunchRequest]


def asked(staged: Staged) -> dict[str, Any]:
    return read_request(staged.parameters)


@pytest.fixture
def away(config: Config) -> Config:
    """The same areas, seen from a machine where nothing is mounted."""
    return config.model_copy(
        update={
            "area_roots": {"user": "/home/bmll/user", "organisation": "/home/bmll/organisation"},
            "project_root": "/home/bmll/user/project",
        }
    )


def test_a_pipeline_is_staged_by_its_content_and_runs_locally_over_there(
    area: Path, config: Config, demo: Path, asked_for: Ask
) -> None:
    request = asked_for(demo)
    staged = stage(request, config)
    told = asked(staged)
    assert told["request"]["config"]["LAUNCHER"] == "local"
    assert LaunchRequest.from_json(told["request"]).dates == request.dates
    assert told["request"]["pipeline"] == str(demo)
    file = Path(staged.parameters[REQUEST])
    assert file.parent == area / "project" / "_bmll_jobs" / "requests"
    assert stage(request, config) == staged
    assert len(list(file.parent.iterdir())) == 1


def test_what_would_be_staged_can_be_seen_before(
    area: Path, config: Config, demo: Path, asked_for: Ask
) -> None:
    request = asked_for(demo)
    seen = prepare(request, config)
    assert not (area / "project" / "_bmll_jobs").exists()
    assert stage(request, config) == seen
    for each in seen.files:
        assert (area / each.place.path).read_text() == each.text


def test_a_file_that_was_cut_short_is_written_again(
    config: Config, demo: Path, asked_for: Ask
) -> None:
    request = asked_for(demo)
    file = Path(stage(request, config).parameters[REQUEST])
    file.write_text("")
    stage(request, config)
    assert json.loads(file.read_text())["kind"] == "pipeline"


def test_a_pipeline_outside_every_area_is_refused(
    config: Config, tmp_path: Path, asked_for: Ask
) -> None:
    pipeline = tmp_path / "mine.py"
    pipeline.write_text(
        "USER_CONFIG = {'SOURCE': {'type': 'simulated'}, 'UNIVERSE': 'mic=XLON',"
        " 'PASSES': [{'name': 'bars', 'modules': ['trade']}]}"
    )
    with pytest.raises(UsageError, match="the pipeline lies in no storage area"):
        stage(asked_for(pipeline), config)


def test_configuration_alone_travels_from_outside_the_lab_within_the_parameters(
    away: Config, tmp_path: Path, asked_for: Ask
) -> None:
    pipeline = tmp_path / "mine.yaml"
    pipeline.write_text(
        "SOURCE: {type: simulated}\nUNIVERSE: mic=XLON\nPASSES: [{name: bars, modules: [trade]}]\n"
    )
    staged = stage(asked_for(pipeline), away)
    told = asked(staged)
    assert staged.parameters[REQUEST].startswith("{")
    assert (told["request"]["pipeline"], told["request"]["project"]) == (
        None,
        "/home/bmll/user/project",
    )
    assert all(not each.place.path.endswith(".json") for each in staged.files)


@pytest.mark.parametrize("key", ["OUTPUT_TARGET", "pass"])
def test_an_output_that_would_be_lost_with_the_machine_is_refused(
    area: Path, config: Config, demo: Path, asked_for: Ask, tmp_path: Path, key: str
) -> None:
    path = f"path_template={tmp_path}/elsewhere/{{start_date}}.parquet"
    where = "OUTPUT_TARGET" if key == "OUTPUT_TARGET" else "PASSES.bars.output"
    with pytest.raises(UsageError, match="would be lost with the machine"):
        stage(asked_for(demo, "2026-02-02", f"{where}.{path}"), config)
    inside = f"{where}.path_template={area}/other/{{start_date}}.parquet"
    stage(asked_for(demo, "2026-02-02", inside), config)
    stage(asked_for(demo, "2026-02-02", f"{where}.path_template=s3://b/{{pass}}.parquet"), config)


def test_a_database_or_a_source_on_our_own_disk_is_refused(
    area: Path, config: Config, demo: Path, asked_for: Ask, tmp_path: Path
) -> None:
    request = asked_for(demo).to_json()

    def staged(**changes: object) -> Staged:
        asked = {**request, "config": {**request["config"], **changes}}
        return stage(LaunchRequest.from_json(asked), config)

    for kind in ("sqlite", "duckdb", "sqlite+pysqlite"):
        with pytest.raises(UsageError, match=r"sql_connection .* would be lost"):
            staged(OUTPUT_TARGET={"type": "sql", "sql_connection": f"{kind}:///{tmp_path}/x.db"})
        staged(OUTPUT_TARGET={"type": "sql", "sql_connection": f"{kind}:///{area}/x.db"})
    staged(OUTPUT_TARGET={"type": "sql", "sql_connection": "postgresql://db/x"})
    with pytest.raises(UsageError, match=r"SOURCE.root .* no machine sees it"):
        staged(SOURCE={"type": "parquet", "root": str(tmp_path)})
    staged(SOURCE={"type": "parquet", "root": str(area)})


@pytest.mark.parametrize(
    "where",
    [
        "S3_STORAGE_OPTIONS.aws_secret_access_key=hunter2",
        "DATASETNAME=postgresql://me:hunter2@db/x",
    ],
)
def test_a_secret_that_is_written_out_is_refused_and_not_told(
    area: Path, config: Config, demo: Path, asked_for: Ask, where: str
) -> None:
    request = asked_for(demo).to_json()
    path, _, value = where.partition("=")
    section, _, key = path.partition(".")
    request["config"] |= {section: {key: value} if key else value}
    with pytest.raises(UsageError, match=r"S3_STORAGE_OPTIONS|DATASETNAME") as refused:
        stage(LaunchRequest.from_json(request), config)
    assert "hunter2" not in str(refused.value)
    assert not (area / "project" / "_bmll_jobs").exists()
    request["config"] |= {section: {key: "${env:PW}"} if key else "postgresql://me:${env:PW}@db/x"}
    stage(LaunchRequest.from_json(request), config)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "x"),
        ("aws_secret", "x"),
        ("API_KEY", "x"),
        ("MY_TOKEN", "x"),
        ("KEY_PASSPHRASE", "x"),
        ("CREDENTIALS", "x"),
        ("DATABASE", "postgresql://me:hunter2@db/x"),
        ("DATABASE", "https://hunter2@host/x"),
    ],
)
def test_a_variable_that_is_a_secret_does_not_travel(
    area: Path, config: Config, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("PLAIN", "yes")
    request = CommandRequest("c", ("ls",), str(area), (name, "PLAIN", "NOT_SET"))
    with pytest.raises(UsageError, match=name) as refused:
        stage(request, config)
    assert "hunter2" not in str(refused.value)
    (area / "env").touch()
    told = asked(stage(request, config.model_copy(update={"env_file": str(area / "env")})))
    assert told["environment"] == {"PLAIN": "yes"}
    assert told["required"] == [name]
    with pytest.raises(UsageError, match=f"bootstrap_env.{name}"):
        stage(request, config.model_copy(update={"bootstrap_env": {name: value}}))


def test_an_argument_in_which_somebody_logs_in_is_refused(area: Path, config: Config) -> None:
    request = CommandRequest("c", ("ls", "postgresql://me:hunter2@db"), str(area))
    with pytest.raises(UsageError, match="argument 1 of the command") as refused:
        stage(request, config)
    assert "hunter2" not in str(refused.value)


def test_the_interpreter_of_whoever_asks_stands_for_the_machines(
    area: Path, config: Config
) -> None:
    ours = CommandRequest("c", (sys.executable, "-V"), str(area))
    others = CommandRequest("c", ("/opt/python", "-V"), str(area))
    assert asked(stage(ours, config))["python"] is True
    assert asked(stage(others, config))["python"] is False


def test_a_bootstrap_of_ones_own_takes_the_place_of_the_generated_one(
    area: Path, config: Config, demo: Path, asked_for: Ask
) -> None:
    (area / "mine.sh").touch()
    own = {"default_bootstrap": str(area / "mine.sh"), "default_bootstrap_args": ("a b", 7)}
    staged = stage(asked_for(demo), config.model_copy(update=own))
    (bootstrap,) = staged.bootstraps
    assert (bootstrap.area, bootstrap.path, bootstrap.args) == ("user", "mine.sh", ("a b", 7))
    assert not any(each.place.path.endswith(".sh") for each in staged.files)


@pytest.mark.parametrize("option", ["env_file", "default_bootstrap"])
def test_a_file_that_a_job_needs_must_be_there_when_it_is_submitted(
    area: Path, config: Config, away: Config, option: str
) -> None:
    request = CommandRequest("c", ("ls",), str(area))
    with pytest.raises(UsageError, match=f"BMLL_JOBS.{option} is not there: {area}/nope"):
        stage(request, config.model_copy(update={option: str(area / "nope")}))
    unseen = away.model_copy(update={option: "/home/bmll/user/nope"})
    stage(replace(request, project="/home/bmll/user"), unseen)


def test_a_schedule_travels_with_its_zone_and_its_day(
    config: Config, demo: Path, asked_for: Ask
) -> None:
    when = Schedule("0 6 * * MON-FRI", "Europe/London", date="yesterday")
    staged = stage(asked_for(demo), config, schedule=when)
    assert asked(staged)["schedule"] == {
        "cron": "0 6 * * MON-FRI",
        "timezone": "Europe/London",
        "date": "yesterday",
        "since": None,
    }
    assert staged.parameters["beaf_schedule"] == "0 6 * * MON-FRI (Europe/London)"


def test_a_submission_has_the_name_machine_logs_and_cap_of_the_options(
    config: Config, demo: Path, asked_for: Ask
) -> None:
    options = {
        "default_instance_size": 64,
        "default_conda_env": "py311-latest",
        "max_runtime_hours": 3,
        "max_concurrent_instances": 2,
        "delete_job_after": "never",
        "notifications": {"error": ("me@example.org",)},
    }
    request = asked_for(demo)
    made = submission_of(request, config.model_copy(update=options))
    spec = made.spec
    assert made.submit_id == submit_id_of(request.run_id)
    assert spec.name == "beaf_01_ohlcv_bars_mic=XLON_2026-02-02"
    assert (spec.instance_size, spec.conda_env, spec.max_runtime_hours) == (64, "py311-latest", 3)
    assert (made.cap, made.delete_after, made.logs_below) == (2, "never", "project/_bmll_jobs")
    assert spec.notifications == {"error": ("me@example.org",)}
    assert (spec.script_area, spec.bootstraps[0].area) == ("user", "user")
    assert all(isinstance(each, str) for each in spec.parameters.values())


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("logs/mine", ("organisation", "logs/mine")),
        ("/home/bmll/user/x/logs", ("user", "x/logs")),
    ],
)
def test_a_log_path_belongs_to_its_area(
    away: Config, area: Path, given: str, found: tuple[str, str]
) -> None:
    options = {"log_path": given, "log_area": "organisation"}
    request = CommandRequest("c", ("ls",), "/home/bmll/user/project")
    made = submission_of(request, away.model_copy(update=options))
    assert (made.spec.log_area, made.spec.log_path) == found
    assert made.logs_below is None


@settings(max_examples=20, deadline=None)
@given(words=st.lists(st.text(max_size=12), min_size=4, max_size=4))
def test_a_request_changes_no_script_and_arrives_as_it_was(words: list[str]) -> None:
    universe, dataset, run_id, argument = words
    config = Config(requirements=())  # nothing is mounted here: the request is in the parameters
    plain = LaunchRequest("run", {}, None, DatePartition("2026-02-02"), None, "/home/bmll/user/p")
    hostile = replace(plain, run_id=run_id, universe=universe, config={"DATASETNAME": dataset})
    command = CommandRequest(run_id, ("ls", argument), "/home/bmll/user/p")

    first, second = prepare(plain, config), prepare(hostile, config)

    assert (first.script, first.bootstraps, first.files) == (
        second.script,
        second.bootstraps,
        second.files,
    )
    arrived = LaunchRequest.from_json(asked(second)["request"])
    assert (arrived.run_id, arrived.universe) == (run_id, universe)
    assert arrived.config == {"DATASETNAME": dataset, "LAUNCHER": "local"}
    assert CommandRequest.from_json(asked(prepare(command, config))["request"]) == command


def test_where_no_area_is_mounted_the_labs_own_package_reaches_it(
    bmll_lab: Emulator, demo: Path, asked_for: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    unmounted = Config.model_validate(
        {"area_roots": {"user": "/nowhere/user"}, "project_root": "/nowhere/user/project"}
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "status.json").write_text("a user's own")
    asked_of = replace(asked_for(demo), pipeline=None)
    staged = stage(asked_of, unmounted)
    for each in staged.files:
        there = bmll_lab.area_roots["user"] / each.place.path
        assert there.read_text() == each.text
    words = AreaWords(unmounted)
    assert words.word("submission") is None
    run = bmll_lab.area_roots["user"] / "project" / "_bmll_jobs" / "runs" / "submission"
    entry.leave(run, entry.Ending("succeeded", 0), "run-1", "2026-02-02")
    assert words.status("submission") == "succeeded"
    assert (tmp_path / "status.json").read_text() == "a user's own"
