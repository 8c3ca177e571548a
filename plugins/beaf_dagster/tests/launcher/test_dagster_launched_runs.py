"""Does a run of Dagster reach a launcher as a command, and stay in the launcher's hands?"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from beaf_core import PluginError, ResourceError, UsageError
from beaf_dagster import private
from beaf_dagster.launcher import worker

if TYPE_CHECKING:
    from conftest import Desk


def test_a_run_becomes_the_command_of_its_worker(desk: Desk, reference: Path) -> None:
    run = desk.launched()
    request, _ = desk.noting.asked[0]
    file = str(reference / f"{run.run_id}.json")
    assert request.args[1:] == (
        *("-m", "beaf_core", "dagster", "run"),
        *("--run_id", run.run_id, "--instance_ref_file", file),
    )
    assert request.args[0] == sys.executable
    assert request.run_id == run.run_id
    assert "DAGSTER_HOME" in request.environment
    assert run.status is dg.DagsterRunStatus.STARTING
    assert run.tags["beaf/launcher"] == "noting"
    assert run.tags["beaf/job"] == f"job-{run.run_id}"


def test_a_worker_does_exactly_what_dagsters_own_does(
    desk: Desk, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = desk.launched()
    assert run.job_code_origin is not None
    said: list[list[str]] = []
    monkeypatch.setattr(private.api_cli, "main", lambda args, **_: said.append(args))
    worker.execute(run.run_id, reference / f"{run.run_id}.json")
    args = private.ExecuteRunArgs(
        run.job_code_origin, run.run_id, desk.instance.get_ref(), set_exit_code_on_failure=True
    ).get_command_args()
    assert said == [["execute_run", args[-1]]]
    assert args[-3:] == ["api", *said[0]]


def test_the_way_to_the_instance_is_closed_to_others_and_used_once(
    desk: Desk, reference: Path
) -> None:
    run = desk.launched()
    file = reference / f"{run.run_id}.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert worker.read_instance_ref(file) == desk.instance.get_ref()
    with pytest.raises(UsageError, match="cannot be read"):
        worker.read_instance_ref(file)


def test_a_password_stays_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_FOLDER", str(tmp_path / "s3cr3t"))
    storage = {"sqlite": {"base_dir": {"env": "THE_FOLDER"}}}
    with dg.DagsterInstance.local_temp(str(tmp_path), {"storage": storage}) as instance:
        worker.write_instance_ref(instance, tmp_path / "ref.json")
        assert list(worker.variables_of(instance.get_ref())) == ["THE_FOLDER"]
    text = (tmp_path / "ref.json").read_text()
    assert "THE_FOLDER" in text
    assert "s3cr3t" not in text


def test_tags_become_options_and_the_greatest_time(desk: Desk) -> None:
    tags = {"bmll/instance_size": "64", "noting/conda_env": "py311", "beaf/max_runtime_hours": "2"}
    run = desk.launched(tags)
    _, options = desk.noting.asked[0]
    assert (options.default_instance_size, options.conda_env) == (64, "py311")
    assert run.tags["dagster/max_runtime"] == "7200"


def test_what_dagster_yaml_says_holds_where_no_tag_does(desk: Desk) -> None:
    desk.launched()
    _, options = desk.noting.asked[0]
    assert (options.default_instance_size, options.conda_env) == (8, "base")


def test_a_limit_that_the_run_has_already_is_kept(desk: Desk) -> None:
    run = desk.launched({"dagster/max_runtime": "60", "bmll/max_runtime_hours": "2"})
    assert run.tags["dagster/max_runtime"] == "60"


def test_a_limit_that_nobody_watches_is_told(desk: Desk) -> None:
    run = desk.launched({"bmll/max_runtime_hours": "2"})
    told = "\n".join(each.message for each in desk.instance.all_logs(run.run_id))
    assert "max_runtime_hours has no effect: run_monitoring is off in dagster.yaml" in told


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"bmll/max_runtime_hours": "0"}, "max_runtime_hours is '0'"),
        ({"bmll/max_runtime_hours": "soon"}, "max_runtime_hours is 'soon'"),
        ({"noting/instance_size": "big"}, "options of the launcher noting"),
        ({"beaf/launcher": "notin"}, 'did you mean "noting"'),
    ],
)
def test_a_tag_that_makes_no_sense_fails_the_run_and_says_why(
    desk: Desk, reference: Path, tags: dict[str, str], message: str
) -> None:
    run = desk.run(tags)
    with pytest.raises((UsageError, PluginError)):
        desk.instance.launch_run(run.run_id, None)
    told = "\n".join(each.message for each in desk.instance.all_logs(run.run_id))
    assert message in told
    assert not desk.noting.asked
    assert not (reference / f"{run.run_id}.json").exists()
    failed = desk.instance.get_run_by_id(run.run_id)
    assert failed is not None
    assert failed.status is dg.DagsterRunStatus.FAILURE


def test_a_launcher_that_refuses_leaves_no_way_to_the_instance_behind(
    desk: Desk, reference: Path
) -> None:
    desk.noting.broken = ResourceError("no machine is free")
    run = desk.run()
    with pytest.raises(ResourceError, match="no machine is free"):
        desk.instance.launch_run(run.run_id, None)
    assert not (reference / f"{run.run_id}.json").exists()


def test_a_run_of_the_command_line_takes_its_pipeline_along(desk: Desk) -> None:
    desk.launched({"beaf/pipeline": "/a/bars.yaml"})
    request, _ = desk.noting.asked[0]
    assert request.args[-2:] == ("--pipeline", "/a/bars.yaml")


# -- afterwards --------------------------------------------------------------------------------


def test_a_run_is_stopped_by_its_reference_alone(desk: Desk) -> None:
    run = desk.launched()
    assert desk.launcher.terminate(run.run_id)
    assert desk.noting.runs[f"job-{run.run_id}"].stopped == 1
    found = desk.instance.get_run_by_id(run.run_id)
    assert found is not None
    assert found.status is dg.DagsterRunStatus.CANCELING


@pytest.mark.parametrize("lost", ["ended", "forgotten"])
def test_a_run_without_a_worker_is_cancelled_at_once(desk: Desk, lost: str) -> None:
    run = desk.launched()
    if lost == "ended":
        desk.noting.runs[f"job-{run.run_id}"].state = "failed"
    else:
        desk.noting.runs.clear()
    assert desk.launcher.terminate(run.run_id)
    found = desk.instance.get_run_by_id(run.run_id)
    assert found is not None
    assert found.status is dg.DagsterRunStatus.CANCELED
    assert not desk.launcher.terminate(run.run_id)


@pytest.mark.parametrize(
    ("state", "health"),
    [
        ("running", "RUNNING"),
        ("succeeded", "SUCCESS"),
        ("failed", "FAILED"),
        ("partly_failed", "FAILED"),
        ("cancelled", "FAILED"),
    ],
)
def test_health_is_what_the_launcher_says(desk: Desk, state: str, health: str) -> None:
    run = desk.launched()
    desk.noting.runs[f"job-{run.run_id}"].state = state
    told = desk.launcher.check_run_worker_health(run)
    assert told.status.value == health
    assert told.run_worker_id == f"job-{run.run_id}"
    assert (told.msg is None) == (state == "running")


def test_a_run_that_was_never_launched_has_no_worker(desk: Desk) -> None:
    assert desk.launcher.check_run_worker_health(desk.run()).status.value == "NOT_FOUND"


def test_a_job_that_the_launcher_does_not_know_is_not_found(desk: Desk) -> None:
    run = desk.launched()
    desk.noting.runs.clear()
    assert desk.launcher.check_run_worker_health(run).status.value == "NOT_FOUND"


def test_a_launcher_that_does_not_answer_is_asked_again_before_a_run_is_given_up(
    desk: Desk,
) -> None:
    run = desk.launched()
    desk.noting.broken = ResourceError("the network is down")
    told = [desk.launcher.check_run_worker_health(run) for _ in range(5)]
    assert [each.status.value for each in told] == [*4 * ["RUNNING"], "UNKNOWN"]
    assert all(each.transient for each in told)
    desk.noting.broken = None
    assert desk.launcher.check_run_worker_health(run).status.value == "RUNNING"
    desk.noting.broken = ResourceError("again")
    assert desk.launcher.check_run_worker_health(run).status.value == "RUNNING"


def test_a_run_that_is_given_up_ends_its_job_and_tells_its_last_lines(
    desk: Desk, reference: Path
) -> None:
    run = desk.launched()
    job = desk.noting.runs[f"job-{run.run_id}"]
    job.lines = [f"line {each}" for each in range(50)]
    told = desk.launcher.get_run_worker_debug_info(run)
    assert told is not None
    assert "line 29\n" not in told
    assert "line 30\n" in told
    assert "line 49" in told
    assert job.stopped == 1
    assert not (reference / f"{run.run_id}.json").exists()


def test_a_run_is_gone_on_with_by_another_worker_once_the_first_has_been_stopped(
    desk: Desk,
) -> None:
    run = desk.launched()
    desk.launcher.resume_run(private.ResumeRunContext(run, None, resume_attempt_number=2))
    assert desk.noting.runs[f"job-{run.run_id}"].stopped == 1
    request, _ = desk.noting.asked[1]
    assert request.run_id == f"{run.run_id}-2"
    assert request.args[-1] == "--resume"
    found = desk.instance.get_run_by_id(run.run_id)
    assert found is not None
    assert found.tags["beaf/job"] == f"job-{run.run_id}-2"


def test_a_run_is_gone_on_with_even_where_nothing_is_known_of_its_worker(desk: Desk) -> None:
    run = desk.launched()
    desk.noting.runs.clear()
    desk.launcher.resume_run(private.ResumeRunContext(run, None, resume_attempt_number=1))
    assert list(desk.noting.runs) == [f"job-{run.run_id}-1"]


def test_no_key_of_the_launcher_is_needed_in_dagster_yaml() -> None:
    data = private.ConfigurableClassData("beaf_dagster.launcher", "BeafRunLauncher", "{}")
    launcher = data.rehydrate()
    assert type(launcher).__name__ == "BeafRunLauncher"
    assert launcher.inst_data == data


def test_a_file_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps({"a": 1}))
    with pytest.raises(UsageError, match="holds no reference to an instance"):
        worker.read_instance_ref(tmp_path / "x.json")


def test_the_private_names_of_dagster_are_as_the_launcher_knows_them() -> None:
    methods = {
        "launch_run": ["self", "context"],
        "resume_run": ["self", "context"],
        "terminate": ["self", "run_id"],
        "check_run_worker_health": ["self", "run"],
        "get_run_worker_debug_info": ["self", "run", "include_container_logs"],
    }
    for name, expected in methods.items():
        found = inspect.signature(getattr(private.RunLauncher, name))
        assert list(found.parameters) == expected
    assert private.LaunchRunContext._fields == ("dagster_run", "workspace")
    health = ("status", "msg", "transient", "run_worker_id")
    assert private.CheckRunHealthResult._fields == health
    assert {"execute_run", "resume_run"} <= private.api_cli.commands.keys()
    assert private.MAX_RUNTIME_SECONDS_TAG == "dagster/max_runtime"
