"""Options of jobs: what is taken, what is refused, and what the predecessor's words mean now."""

from __future__ import annotations

from typing import Any

import pytest
from plugins.beaf_bmll.tests.submit.compute import Compute, submission
from pydantic import ValidationError

from beaf_bmll.config import Config
from beaf_bmll.submit import NoWords, outcome_of, state_folder


def test_files_of_jobs_lie_where_the_predecessor_had_them() -> None:
    assert Config().jobs_folder == "/home/bmll/user/intraday-metrics/_bmll_jobs"
    assert Config.model_validate({"project_root": "/x/"}).jobs_folder == "/x/_bmll_jobs"
    assert Config.model_validate({"jobs_dir": "/y"}).jobs_folder == "/y"


def test_folders_that_are_named_without_a_root_belong_to_the_area_wherever_one_stands() -> None:
    given = {"area": "organisation", "project_root": "team", "jobs_dir": "jobs"}
    assert Config.model_validate(given).jobs_folder == "/home/bmll/organisation/team/jobs"
    assert state_folder(Config.model_validate({"jobs_dir": "jobs"})).is_absolute()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"default_instance_size": 20}, "instance size 20 is not offered"),
        ({"default_conda_env": "py27"}, "conda environment 'py27' is not offered"),
        ({"default_instance_sise": 64}, "Extra inputs"),
        ({"max_runtime_hours": 0}, "greater than or equal to 1"),
        ({"max_concurrent_instances": 0}, "greater than or equal to 1"),
        ({"area": "elsewhere"}, "'user' or 'organisation'"),
    ],
)
def test_what_is_not_offered_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Config.model_validate(options)


def test_what_is_not_listed_is_taken_by_those_who_know_better() -> None:
    options = {"default_instance_size": 2048, "default_conda_env": "py312", "allow_unlisted": True}
    assert Config.model_validate(options).default_instance_size == 2048


@pytest.mark.parametrize(("word", "meant"), [(True, "success"), (False, "never")])
def test_the_predecessors_words_keep_their_meaning(word: bool, meant: str) -> None:
    options = {"delete_job_after": word, "log_path": "job_run_logs"}
    config = Config.model_validate(options)
    assert (config.delete_job_after, config.log_path) == (meant, "")


def test_states_of_success_are_recognised_however_they_are_written() -> None:
    compute = Compute()
    run = compute.execute(compute.create_job(submission().spec).id)
    compute.end(run.id, "FINISHED_well")
    config = Config.model_validate({"success_states": ["Finished_Well"]})
    assert outcome_of(compute.all_runs[0], "s", config, NoWords()) == "succeeded"
