"""Does each run of Dagster get the machine that its tags say, and stay in Dagster's hands?"""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus

from beaf_bmll.config import Config
from beaf_bmll.dagster import BMLLRunLauncher
from beaf_bmll.errors import CapReachedError
from beaf_core import CommandRequest, UsageError
from beaf_dagster.launcher.choices import Choices

from .conftest import Desk

pytestmark = pytest.mark.xdist_group("bmll")

TAGS = {
    "bmll/instance_size": "64",
    "bmll/conda_env": "py311-latest",
    "bmll/max_runtime_hours": "2.5",
    "bmll/max_concurrent_instances": "9",
    "bmll/log_path": "logs/of dagster",
}


def test_tags_of_a_run_are_the_machine_that_is_asked_for(desk: Desk) -> None:
    run = desk.launched(TAGS)
    settings = desk.emulator.run(desk.vendors(run)).settings
    assert settings["instanceSize"] == 64
    assert settings["condaEnv"] == "py311-latest"
    assert settings["maxRuntimeHours"] == 3  # whole hours are sold; Dagster ends it in time
    assert run.tags["dagster/max_runtime"] == "9000"
    assert (settings["logArea"], settings["logPath"]) == ("user", "logs/of dagster")
    assert "The launcher bmll has taken the run" in desk.told(run)


def test_a_run_without_tags_gets_what_the_configuration_says(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = "BMLL_JOBS: {default_instance_size: 128, max_runtime_hours: 4, name_prefix: desk}\n"
    (desk.code.parent / "beaf.yaml").write_text(section)
    monkeypatch.setattr(
        desk.instance, "_run_launcher", launcher_with(desk, default_instance_size=256)
    )
    run = desk.launched()
    (desk.code.parent / "beaf.yaml").unlink()
    settings = desk.emulator.run(desk.vendors(run)).settings
    assert settings["instanceSize"] == 256, "dagster.yaml is over beaf.yaml"
    assert settings["maxRuntimeHours"] == 4
    assert desk.emulator.jobs[-1].name.startswith("desk_")


def launcher_with(desk: Desk, **more: Any) -> BMLLRunLauncher:
    """Make the launcher as another `dagster.yaml` would have it."""
    made = BMLLRunLauncher(options=desk.launcher._settings | more)
    made.register_instance(desk.instance)
    return made


def newest_request(desk: Desk) -> Any:
    """Read what the machine that was asked for last is to do."""
    requests = desk.code.parent.glob("_bmll_jobs/requests/*.json")
    return json.loads(max(requests, key=lambda each: each.stat().st_mtime_ns).read_text())


def test_the_worker_is_the_machines_own_python_in_the_folder_of_the_code(desk: Desk) -> None:
    run = desk.launched()
    asked = newest_request(desk)
    assert asked["python"] is True, "the machine's interpreter stands for ours"
    assert asked["request"]["args"][1:5] == ["-m", "beaf_core", "dagster", "run"]
    assert asked["request"]["project"] == str(desk.code.parent)
    reference = Path(asked["request"]["args"][-1])
    assert reference == desk.code.parent / f"_bmll_jobs/dagster/instances/{run.run_id}.json"
    assert reference.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("tag", "value", "said"),
    [
        ("instance_size", "20", r"bmll/instance_size is '20': instance size 20 is not offered"),
        ("instance_size", "huge", r"bmll/instance_size is 'huge': Input should be a valid integer"),
        ("conda_env", "py27", r"bmll/conda_env is 'py27': conda environment 'py27' is not"),
        ("max_runtime_hours", "0", r"max_runtime_hours is '0'"),
        ("max_runtime_hours", "soon", r"max_runtime_hours is 'soon'"),
        ("max_concurrent_instances", "0", r"bmll/max_concurrent_instances is '0'"),
        ("max_concurrent_instances", "2.5", r"bmll/max_concurrent_instances is '2.5'"),
        ("log_path", "/var/log", r"bmll/log_path lies in no storage area: /var/log"),
        ("log_path", "../logs", r"bmll/log_path goes up by `..`"),
        ("instance_sise", "64", r"no tag bmll/instance_sise is known.*instance_size"),
    ],
)
def test_a_tag_that_makes_no_sense_is_told_before_anything_is_asked(
    desk: Desk, tag: str, value: str, said: str
) -> None:
    run, asked = desk.run({f"bmll/{tag}": value}), len(desk.emulator.requests)
    with pytest.raises(UsageError, match=said) as told:
        desk.instance.launch_run(run.run_id, None)
    assert told.value.remedy
    assert len(desk.emulator.requests) == asked
    assert not list(desk.code.parent.rglob(f"{run.run_id}.json"))
    assert desk.found(run.run_id).status is dg.DagsterRunStatus.FAILURE


def test_code_that_lies_in_no_area_is_refused(desk: Desk, tmp_path: Path) -> None:
    elsewhere = tmp_path / "defs.py"
    elsewhere.write_text(desk.code.read_text())
    run, asked = desk.run(code=elsewhere), len(desk.emulator.requests)
    with pytest.raises(UsageError, match="the code location lies in no storage area"):
        desk.instance.launch_run(run.run_id, None)
    assert len(desk.emulator.requests) == asked


def test_an_area_that_is_not_mounted_here_is_told(desk: Desk, tmp_path: Path) -> None:
    roots = {"user": str(tmp_path / "user"), "organisation": str(tmp_path / "organisation")}
    launcher = launcher_with(desk, area_roots=roots, project_root=roots["user"])
    with pytest.raises(UsageError, match="is not mounted here") as told:
        launcher.request_of(desk.run(), "name")
    assert "in the Lab" in str(told.value.remedy)


# -- secrets ---------------------------------------------------------------------------------------

OPEN = "postgresql+psycopg2://dagster:open-sesame@db:5432/dagster"


@pytest.mark.parametrize(
    ("storage", "key"),
    [
        ({"postgres_url": OPEN}, "postgres_url"),
        ({"postgres_db": {"hostname": "db", "password": "open-sesame"}}, "password"),
    ],
)
def test_a_password_that_dagster_yaml_spells_out_is_refused_with_its_place(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, storage: dict[str, Any], key: str
) -> None:
    spell(desk, monkeypatch, storage)
    with pytest.raises(UsageError, match=f"at DagsterPostgresStorage: {key};") as told:
        desk.instance.launch_run(desk.run().run_id, None)
    assert f"{key}: {{env: NAME}}" in str(told.value.remedy)
    assert "BMLL_JOBS.env_file" in str(told.value.remedy)
    assert "open-sesame" not in f"{told.value.message} {told.value.remedy}"


def test_a_password_that_the_environment_holds_needs_an_env_file_and_stands_nowhere(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    spell(desk, monkeypatch, {"postgres_url": {"env": "DAGSTER_STORAGE"}})
    monkeypatch.setenv("DAGSTER_STORAGE", OPEN)
    with pytest.raises(UsageError, match="DAGSTER_STORAGE: secrets do not travel") as told:
        desk.instance.launch_run(desk.run().run_id, None)
    assert "env_file" in str(told.value.remedy)

    secrets = desk.code.parent / "secrets.env"
    secrets.write_text(f"DAGSTER_STORAGE={OPEN}\n")
    monkeypatch.setattr(desk.instance, "_run_launcher", launcher_with(desk, env_file=str(secrets)))
    run = desk.launched()
    asked = newest_request(desk)
    assert asked["required"] == ["DAGSTER_STORAGE"]
    assert asked["env_file"] == str(secrets)
    secrets.unlink()
    assert "open-sesame" not in desk.told(run)
    files = [each for each in desk.emulator.root.rglob("*") if each.is_file()]
    assert len(files) > 5
    assert not [each for each in files if b"open-sesame" in each.read_bytes()]


def spell(desk: Desk, monkeypatch: pytest.MonkeyPatch, storage: dict[str, Any]) -> None:
    """Let `dagster.yaml` have another storage, for whoever reads where the instance is."""
    from dagster._serdes import ConfigurableClassData

    written = ConfigurableClassData(
        "dagster_postgres", "DagsterPostgresStorage", json.dumps(storage)
    )
    told = desk.instance.get_ref()._replace(storage_data=written)
    monkeypatch.setattr(type(desk.instance), "get_ref", lambda self: told)


# -- afterwards ------------------------------------------------------------------------------------


def test_a_run_that_is_cancelled_loses_its_machine(desk: Desk) -> None:
    run = desk.launched()
    machine = desk.emulator.run(desk.vendors(run))
    assert machine.active
    assert desk.instance.run_launcher.terminate(run.run_id)
    assert not machine.active
    assert desk.found(run.run_id).status is dg.DagsterRunStatus.CANCELED
    assert "Its machine has been taken away." in desk.told(run)
    assert not desk.instance.run_launcher.terminate(run.run_id), "it has ended"


def test_a_machine_that_is_lost_is_noticed(desk: Desk) -> None:
    run = desk.launched()
    health = desk.launcher.check_run_worker_health(desk.found(run.run_id))
    assert health.status is WorkerStatus.RUNNING
    desk.emulator.lose_machine(desk.vendors(run))
    health = desk.launcher.check_run_worker_health(desk.found(run.run_id))
    assert health.status is WorkerStatus.FAILED
    assert "its machine ended as failed (machine lost), and it left no last word" in str(health.msg)
    assert health.run_worker_id == desk.found(run.run_id).tags["beaf/job"]


@pytest.mark.soak  # the client asks again for 7 s
def test_servers_that_fail_once_do_not_lose_a_run(desk: Desk) -> None:
    run = desk.launched()
    desk.emulator.faults.add("GET", "*", "500", times=None)
    try:
        health = desk.launcher.check_run_worker_health(desk.found(run.run_id))
    finally:
        desk.emulator.faults.clear()
    assert (health.status, health.transient) == (WorkerStatus.RUNNING, True)


# -- a cap -----------------------------------------------------------------------------------------


def test_a_run_above_the_cap_waits_for_a_machine_to_leave(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = desk.launched({"bmll/max_concurrent_instances": "1"})
    pauses: list[float] = []

    def leave(seconds: float) -> None:
        pauses.append(seconds)
        desk.emulator.end(desk.vendors(first))

    monkeypatch.setattr("beaf_bmll.dagster._pause", leave)
    second = desk.launched({"bmll/max_concurrent_instances": "1"})
    assert len(pauses) == 1
    assert [each.id for each in desk.emulator.runs if each.active] == [desk.vendors(second)]


def test_a_run_above_the_cap_for_which_no_machine_leaves_fails_and_says_what_waits_better(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = desk.launched({"bmll/max_concurrent_instances": "1"})
    monkeypatch.setattr(desk.instance, "_run_launcher", launcher_with(desk, submit_timeout=0.01))
    monkeypatch.setattr("beaf_bmll.dagster._pause", lambda seconds: None)
    second = desk.run({"bmll/max_concurrent_instances": "1"})
    with pytest.raises(CapReachedError, match="max_concurrent_instances is 1") as told:
        desk.instance.launch_run(second.run_id, None)
    assert "max_concurrent_runs" in str(told.value.remedy)
    assert [each.id for each in desk.emulator.runs if each.active] == [desk.vendors(first)]


def test_a_submission_that_was_taken_back_is_not_made_again_under_its_name(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []

    def launch(launcher: str, request: CommandRequest, options: Any) -> Any:
        names.append(request.run_id)
        if len(names) == 1:
            raise CapReachedError("one machine too many")
        return SimpleNamespace(ref="job/run/submission")

    monkeypatch.setattr(desk.launcher, "_host", SimpleNamespace(launch_run=launch))
    monkeypatch.setattr("beaf_bmll.dagster._pause", lambda seconds: None)
    run = desk.run()
    desk.instance.launch_run(run.run_id, None)
    assert names == [run.run_id, f"{run.run_id}.1"]


# -- dagster.yaml ----------------------------------------------------------------------------------


def test_no_key_is_needed_in_dagster_yaml(tmp_path: Path) -> None:
    section = {"run_launcher": {"module": "beaf_bmll.dagster", "class": "BMLLRunLauncher"}}
    with dg.DagsterInstance.local_temp(str(tmp_path), section) as instance:
        launcher = instance.run_launcher
        assert isinstance(launcher, BMLLRunLauncher)
        assert launcher.config.default_instance_size == 16
        place = "/home/bmll/user/intraday-metrics/_bmll_jobs/dagster"
        assert launcher.jobs_folder == Path(place)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"instance_sise": 64}, "options has no instance_sise.*instance_size"),
        ({"retention_days": "many"}, "options: Input should be a valid integer"),
        ({"default_instance_size": 20}, "instance size 20 is not offered"),
    ],
)
def test_an_option_that_makes_no_sense_is_told_where_dagster_yaml_is_read(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=re.compile(said)):
        BMLLRunLauncher(options=options)


def test_a_tag_may_send_a_run_to_this_machine(desk: Desk) -> None:
    tagged = desk.run({"beaf/launcher": "local"})
    request = desk.launcher.request_of(tagged, "name")
    origin = tagged.job_code_origin
    assert origin is not None
    assert request.args[0] == origin.repository_origin.executable_path
    local = desk.launcher.options_of(Choices("local", {}))
    assert not isinstance(local, Config), "its options are not those of BMLL"


def test_interpreter_and_folder_on_the_machine_can_be_said(desk: Desk) -> None:
    folder = str(desk.code.parent)
    launcher = BMLLRunLauncher(
        options=desk.launcher._settings, python="/opt/python", folder=f"{folder}/home"
    )
    launcher.register_instance(desk.instance)
    request = launcher.request_of(desk.run(), "name")
    assert (request.args[0], request.project) == ("/opt/python", f"{folder}/home")
