"""What the plugin says on the wire is what the vendor's own client says, and no more."""

from __future__ import annotations

import inspect
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from beaf_bmll.gateway import Bootstrap, Trigger
from beaf_bmll.sdk import wire
from beaf_core import UsageError

JOB_KEYS = (
    "bootstraps condaEnv instanceSize logArea logPath maxRuntimeHours name notifications "
    "scriptArea scriptParameters scriptPath visibility"
)
#: Everything that the plugin asks of compute: method, path, query, body. An upgrade of the
#: vendor's package, or of ours, that changes it must change this table.
CONTRACT = {
    ("POST", "/compute/jobs", "", JOB_KEYS),
    ("PATCH", "/compute/jobs/{job}", "", "instanceSize logPath"),
    ("GET", "/compute/jobs/{job}", "", None),
    ("DELETE", "/compute/jobs/{job}", "", None),
    ("GET", "/compute/jobs", "page pageSize visibility", None),
    ("GET", "/compute/jobs", "page pageSize state visibility", None),
    ("POST", "/compute/jobs/{job}/triggers", "", "cron name"),
    ("POST", "/compute/jobs/{job}/triggers", "", "availability name"),
    ("DELETE", "/compute/jobs/{job}/triggers/{trigger}", "", None),
    ("POST", "/compute/jobs/{job}/runs", "", None),
    ("POST", "/compute/jobs/{job}/runs", "", "scriptParameters"),
    ("GET", "/compute/jobs/{job}/runs", "", None),
    ("GET", "/compute/runs", "page pageSize state visibility", None),
    ("DELETE", "/compute/runs/{run}", "", None),
    ("GET", "/compute/runs/{run}/logs", "endTime startTime", None),
    ("GET", "/compute/runs/{run}/stream", "endTime startTime", None),
}


def on_the_wire(emulator):
    seen = {
        (each.method, each.route, " ".join(each.query), each.keys and " ".join(each.keys))
        for each in emulator.requests
        if each.path.startswith("/compute/")
    }
    emulator.requests.clear()
    return seen


def test_every_request_of_the_gateway_is_in_the_table(gateway, emulator, spec):
    job = gateway.create_job(spec)
    gateway.update_job(job.id, instance_size=32, log_path="elsewhere")
    gateway.add_trigger(job.id, Trigger("nightly", cron="0 6 ? * MON-FRI *"))
    gateway.add_trigger(job.id, Trigger("data", availability=("l3", ("XLON",))))
    known = gateway.get_job(job.id)
    gateway.delete_trigger(job.id, known.triggers[0].id)
    first, second = gateway.execute(job.id), gateway.execute(job.id, {"beaf_digest": "d"})
    assert [each.id for each in gateway.runs_of(job.id)] == [second.id, first.id]
    assert {each.id for each in gateway.active_runs()} == {first.id, second.id}
    assert list(gateway.logs(first, "stream")) == []
    assert [line.text for line in gateway.logs(first, "general")] == ["requested: manual"]
    gateway.terminate(first.id)
    assert [each.id for each in gateway.jobs()] == [job.id]
    assert [each.id for each in gateway.jobs(active_only=True)] == [job.id]
    gateway.delete_job(job.id)
    assert on_the_wire(emulator) == CONTRACT


def test_the_vendors_own_objects_say_the_same(emulator, gateway, spec):
    from bmll import Session
    from bmll import compute as vendors

    theirs = Session(lab_org_id=emulator.lab_org_id)
    client = vendors.ComputeClient(session=theirs)
    try:
        emulator.requests.clear()
        job = client.create_job(
            "instance",
            name=spec.name,
            script_path=spec.script_path,
            log_path=spec.log_path,
            **spec.parameters,
        )
        job.update(instance_size=32, log_path="elsewhere")
        job.add_trigger(vendors.JobTrigger("nightly", vendors.CronTrigger("0 6 ? * MON-FRI *")))
        job.delete_trigger(job.triggers[0].trigger_id)
        run = job.execute()
        job.execute(script_parameters={"beaf_digest": "d"})
        list(job.previous_runs())
        client.get_job_runs(state="active", visibility="private", page=1, page_size=100)
        list(run.logs())
        list(run.stream_logs())
        client.terminate_job_run(run.id)
        job.delete()
    finally:
        vendors.ComputeClient()  # its construction leads the package's functions back
    said = on_the_wire(emulator)
    more = said - CONTRACT
    # It asks for the tasks of every job that it meets, which is why we do not use its objects.
    assert more == {("GET", "/compute/jobs/{job}/tasks", "", None)}
    # It pages through jobs by a name that it does not let us give, and MICs cost it queries.
    assert CONTRACT - said == {
        ("GET", "/compute/jobs", "page pageSize visibility", None),
        ("GET", "/compute/jobs", "page pageSize state visibility", None),
        ("POST", "/compute/jobs/{job}/triggers", "", "availability name"),
    }


def test_the_values_are_the_vendors_too(gateway, emulator, spec):
    bootstrap = Bootstrap("user", "jobs/bootstrap.sh", "prepare", ("a", 1))
    full = {
        "bootstraps": (bootstrap,),
        "notifications": {"start": ["a@b"], "error": ["a@b", "c@d"]},
    }
    gateway.create_job(type(spec)(**{name: getattr(spec, name) for name in spec.__slots__} | full))
    (job,) = emulator.jobs
    assert job.settings["bootstraps"] == [
        {
            "area": "user",
            "path": "jobs/bootstrap.sh",
            "name": "prepare",
            "order": 0,
            "args": ["a", 1],
        }
    ]
    assert job.settings["notifications"] == [
        {"email": "a@b", "on": ["start", "error"]},
        {"email": "c@d", "on": ["error"]},
    ]
    assert job.settings["scriptParameters"] == {"beaf_submit_id": "one"}


def test_what_the_plugin_uses_of_the_vendors_package_is_as_it_knows_it():
    import bmll
    from bmll._jobs.components import ACTIVE_JOB_RUN_STATES
    from bmll.types import DataSet

    assert Version(bmll.__version__) >= Version("1.25.6")
    execute = inspect.signature(bmll.Session.execute)
    assert list(execute.parameters) == ["self", "method", "service", "url", "headers", "kw"]
    assert "lab_org_id" in inspect.signature(bmll.Session.login).parameters
    session = bmll.Session()
    assert {"compute", "auth", "lab-auth", "account", "reference"} <= session.SERVICE_URLS.keys()
    assert session.get_auth_headers.__doc__ is not None
    assert tuple(ACTIVE_JOB_RUN_STATES) == wire.ACTIVE_STATES
    assert "MarketDataL3" in {each.value for each in DataSet}


def test_a_name_that_jobs_do_not_have_is_refused_before_anything_is_sent(gateway, emulator, spec):
    job = gateway.create_job(spec)
    emulator.requests.clear()
    with pytest.raises(TypeError, match="instance_sise"):
        gateway.update_job(job.id, instance_sise=64)
    with pytest.raises(UsageError, match="announces no 'l4'"):
        gateway.add_trigger(job.id, Trigger("data", availability=("l4", ("XLON",))))
    assert emulator.requests == []


def test_parameters_of_a_run_go_over_those_of_its_job_whatever_servers_do(gateway, spec):
    job = gateway.create_job(spec)
    run = gateway.execute(job.id, {"beaf_digest": "d"})
    assert run.parameters == {"beaf_submit_id": "one", "beaf_digest": "d"}
    assert run.submit_id == "one"


def test_triggers_come_back_as_they_went(gateway, spec):
    job = gateway.create_job(spec)
    asked = [
        Trigger("nightly", cron="0 6 ? * MON-FRI *"),
        Trigger("data", availability=("MarketDataTrades", ("XLON", "XPAR"))),
    ]
    for each in asked:
        gateway.add_trigger(job.id, each)
    told = gateway.get_job(job.id).triggers
    assert [(t.name, t.cron, t.availability) for t in told] == [
        (t.name, t.cron, t.availability) for t in asked
    ]
    assert all(each.id for each in told)


def raw_run(states):
    return {
        "jobRunId": "r",
        "computeType": "instance",
        "states": states,
        "instanceSize": 16,
        "condaEnv": "py311-stable",
        "maxRuntimeHours": 1,
        "logArea": "user",
        "logPath": "logs",
        "scriptParameters": None,
    }


OFFSETS = ("", "Z", "+00:00", "+02:00")


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*wire.ACTIVE_STATES, "completed"]),
            st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 3)),
            st.sampled_from(OFFSETS),
        ),
        unique_by=lambda each: each[0],
        min_size=1,
    )
)
def test_states_follow_each_other_in_time_however_it_is_written(states):
    """The vendor's client sorts the texts: 12:00+02:00 would come after 11:00Z."""
    raw = raw_run([[name, at.isoformat() + offset] for name, at, offset in states])
    run = wire.run_of(raw)
    moments = [
        datetime.fromisoformat(at.isoformat() + ("+00:00" if offset in {"", "Z"} else offset))
        for _, at, offset in states
    ]
    assert [at for _, at in run.states] == sorted(moments)
    assert dict(run.states) == dict(zip((name for name, *_ in states), moments, strict=True))
    assert run.active == (run.state in wire.ACTIVE_STATES)


def test_a_time_without_an_offset_is_of_utc_wherever_we_are(monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "America/New_York")
        time.tzset()
        read = wire.time_of("2026-07-01T12:00:00")
    time.tzset()
    assert read == datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_a_run_that_has_no_state_yet_is_active_and_one_of_an_unknown_state_has_ended():
    assert wire.run_of(raw_run([])).active
    ended = wire.run_of(raw_run([["exploded", "2026-01-01T00:00:00"]]))
    assert (ended.active, ended.state) == (False, "exploded")
    assert ended.states[0][1] == datetime(2026, 1, 1, tzinfo=UTC)
