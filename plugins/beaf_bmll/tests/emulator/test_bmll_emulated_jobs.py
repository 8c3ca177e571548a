"""Does the vendor's own package do all its work with jobs against the emulator?"""

from __future__ import annotations

import pytest

# The vendor's package takes seconds to import: one process of the suite does it for all.
pytestmark = pytest.mark.xdist_group("bmll")


def test_a_job_goes_from_login_to_its_logs(bmll_emulator, compute, script):
    prepare = script("prepare.sh", 'echo "prepared $1 $2"')
    job = compute.create_job(
        "instance",
        name="nightly",
        script_path=script("job.py", "import os\nprint('hello', os.environ['JOB_RUN_ID'])\n"),
        log_path="logs",
        bootstraps=[{"area": "user", "path": prepare, "args": ["a b", 7]}],
        notifications={"error": ["me@example.org"]},
        date="2026-02-01",
    )
    run = job.execute()
    bmll_emulator.wait(run.id)
    run.reload()
    assert [state for state, _ in run.states] == [
        "requested",
        "provisioning",
        "configuring",
        "running",
        "completed",
    ]
    assert not run.active
    end = "2999-01-01T00:00:00"
    assert [event["message"] for event in run.stream_logs(end_time=end)] == [f"hello {run.id}"]
    assert "prepared a b 7" in [event["message"] for event in run.logs(end_time=end)]
    assert job.script_parameters == run.script_parameters == {"date": "2026-02-01"}
    assert job.notifications["error"] == ["me@example.org"]
    logs = bmll_emulator.area_roots["user"] / "logs" / run.id
    assert (logs / "stream.log").read_text() == f"hello {run.id}\n"


def test_a_job_is_read_as_it_was_made(job, compute):
    made = job(name="nightly", instance_size=64, max_runtime_hours=3, conda_env="py311-latest")
    (found,) = compute.get_jobs()
    assert found.id == made.id
    assert (found.name, found.instance_size, found.max_runtime_hours) == ("nightly", 64, 3)
    assert (found.conda_env, found.visibility, found.active) == ("py311-latest", "private", True)
    assert found.created_ts == found.updated_ts
    assert found.created_ts.tzinfo is not None
    assert [task.script_path for task in found.tasks] == ["job.sh"]


def test_a_job_is_changed(job, compute, bmll_emulator):
    made = job(name="nightly", a="1")
    made.update(name="daily", script_parameters={"b": "2"}, instance_size=32)
    (found,) = compute.get_jobs()
    assert (found.name, found.instance_size) == ("daily", 32)
    assert found.script_parameters == {"b": "2"}
    assert [task.script_parameters for task in found.tasks] == [{"b": "2"}]
    assert found.updated_ts > found.created_ts


def test_what_is_not_offered_is_refused_when_it_is_changed_to(job, bmll_emulator):
    made = job()
    with pytest.raises(Exception, match="instanceSize 20 not available"):
        made.update(instance_size=20)
    with pytest.raises(Exception, match="condaEnv py27 not available"):
        made.execute(conda_env="py27")
    assert bmll_emulator.jobs[0].settings["instanceSize"] == 16
    assert bmll_emulator.runs == []


def test_two_jobs_may_share_a_name_and_a_clone_is_another_job(job, compute):
    first, second = job(name="twin"), job(name="twin")
    clone = first.clone(name="clone")
    names = [each.name for each in compute.get_jobs()]
    assert sorted(names) == ["clone", "twin", "twin"]
    assert len({first.id, second.id, clone.id}) == 3


def test_a_deleted_job_is_gone_with_its_runs(job, compute, bmll_emulator):
    made = job("sleep 60")
    run = made.execute()
    made.delete()
    assert list(compute.get_jobs()) == []
    assert list(compute.get_job_runs()) == []
    assert [(each.id, each.active) for each in bmll_emulator.deleted_runs] == [(run.id, False)]
    with pytest.raises(Exception, match="404"):
        made.previous_runs()


def test_an_instance_job_has_one_task(job, compute, script):
    from bmll.compute import JobTask

    task = JobTask(script("other.sh", "echo other"), task_type="instance")
    made = compute.create_job("instance", tasks=[task], log_path="logs")
    (bound,) = made.tasks
    bound.update(script_parameters={"n": 1})
    made.reload()
    assert made.script_path == "other.sh"
    assert made.script_parameters == {"n": 1}
    with pytest.raises(Exception, match="one task at most"):
        made.add_task(JobTask("job.sh", task_type="instance"))
    made.delete_task(bound.id)
    made.reload()
    with pytest.raises(Exception, match="no task"):
        made.execute()
    added = made.add_task(JobTask("other.sh", task_type="instance"))
    (found,) = compute.get_jobs()
    assert [each.id for each in found.tasks] == [added.id]


def test_lists_come_in_pages_newest_first(job, ask, bmll_emulator):
    made = [job(name=f"job {n}") for n in range(5)]
    _, first = ask("GET", "/jobs?page=1&pageSize=2")
    _, last = ask("GET", "/jobs?page=3&pageSize=2")
    assert [each["name"] for each in first["result"]] == ["job 4", "job 3"]
    assert [each["name"] for each in last["result"]] == ["job 0"]
    for each in made:
        each.execute()
    _, page = ask("GET", "/runs?page=2&pageSize=3")
    assert [each["jobRunId"] for each in page["result"]] == [
        run.id for run in reversed(bmll_emulator.runs[:2])
    ]


def test_only_active_jobs_are_listed_when_so_asked(job, compute):
    sleeping, awake = job(name="sleeping"), job(name="awake")
    sleeping.update(active=False)
    assert [each.id for each in compute.get_jobs(active_only=True)] == [awake.id]
    with pytest.raises(Exception, match="job is not active"):
        sleeping.execute()
