"""Does the emulator refuse and remember whatever the contract does not have?"""

from __future__ import annotations

import pytest

# The vendor's package takes seconds to import: one process of the suite does it for all.
pytestmark = pytest.mark.xdist_group("bmll")

NEW_JOB = {
    "name": "nightly",
    "instanceSize": 16,
    "maxRuntimeHours": 1,
    "logPath": "logs",
    "logArea": "user",
    "condaEnv": "py311-stable",
    "visibility": "private",
    "bootstraps": [],
    "notifications": [],
    "scriptPath": "job.sh",
    "scriptArea": "user",
    "scriptParameters": {},
}


def breach(emulator) -> str:
    """Give the one breach there was, and forgive it, since it was meant."""
    (said,) = emulator.violations
    emulator.violations.clear()
    return said


def test_a_job_of_the_contract_is_taken(ask, bmll_emulator):
    assert ask("POST", "/jobs", NEW_JOB)[0] == 200
    assert bmll_emulator.violations == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"computeType": "instance"}, "computeType: Extra inputs are not permitted"),
        ({"instance_size": 16}, "instance_size: Extra inputs"),
        ({"instanceSize": "16"}, "instanceSize.int: Input should be a valid integer"),
        ({"maxRuntimeHours": 1.5}, "maxRuntimeHours: Input should be a valid integer"),
        ({"logArea": "sftp"}, "logArea: Input should be 'user' or 'organisation'"),
        ({"scriptPath": "/home/bmll/user/job.sh"}, "scriptPath: .* no path below an area's root"),
        ({"scriptPath": "../job.sh"}, "scriptPath: .* no path below"),
        ({"logPath": ""}, "logPath: .* no path below"),
        ({"scriptPath": None}, "needs either scriptPath or tasks"),
        ({"tasks": []}, "tasks: .* at least 1 item"),
        ({"bootstraps": [{"path": "b.sh"}]}, "bootstraps.0.area: Field required"),
        ({"bootstraps": [{"path": "b.sh", "area": "user", "args": [1.5]}]}, "bootstraps.0.args"),
        ({"notifications": [{"email": "a", "on": ["end"]}]}, "notifications.0.on.0"),
    ],
)
def test_a_job_outside_the_contract_is_a_breach(ask, bmll_emulator, change, said):
    status, _ = ask("POST", "/jobs", NEW_JOB | change)
    assert status == 400
    assert bmll_emulator.jobs == []
    found = breach(bmll_emulator)
    assert found.startswith("POST /compute/jobs: ")
    import re

    assert re.search(said, found), found


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("GET", "/job", None, "is no call of the contract"),
        ("PUT", "/jobs", NEW_JOB, "is no call of the contract"),
        ("POST", "/jobs", None, "needs a body"),
        ("GET", "/jobs", {}, "takes no body"),
        ("GET", "/jobs?limit=3", None, "limit: Extra inputs"),
        ("GET", "/jobs?page=0", None, "page: Input should be greater"),
        ("GET", "/jobs?state=inactive", None, "state: Input should be 'active'"),
        ("GET", "/runs?state=running", None, "state: Input should be"),
        ("DELETE", "/jobs/1?force=1", None, "takes no query"),
        ("GET", "/runs/1/logs", None, "startTime: Field required"),
        ("GET", "/runs/1/logs?startTime=yesterday&endTime=2026-01-01T00:00:00", None, "startTime"),
        ("POST", "/jobs/1/triggers", {"name": "x"}, "needs either cron or availability"),
        (
            "POST",
            "/jobs/1/triggers",
            {"name": "x", "availability": {"l4": {"mic": ["XLON"]}}},
            "no kind of data",
        ),
    ],
)
def test_a_call_outside_the_contract_is_a_breach(ask, bmll_emulator, method, path, body, said):
    assert ask(method, path, body)[0] == 400
    assert said in breach(bmll_emulator)


@pytest.mark.parametrize("header", ["x-bmll-version", "x-api-key", "Authorization"])
def test_a_call_without_a_header_of_the_contract_is_a_breach(ask, bmll_emulator, header):
    assert ask("GET", "/jobs", without=header)[0] == 400
    assert breach(bmll_emulator).lower().split()[-1] in {header.lower(), "token"}


def test_what_is_no_json_is_a_breach(ask, bmll_emulator):
    import urllib.error
    import urllib.request

    import bmll

    request = urllib.request.Request(
        bmll_emulator.urls["BMLL_COMPUTE_URL"] + "/jobs",
        data=b"{",
        headers=bmll.DEFAULT_SESSION.get_headers(),
    )
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(request, timeout=5)
    assert "no JSON" in breach(bmll_emulator)


@pytest.mark.parametrize("path", ["/jobs/none", "/jobs/none/runs", "/jobs/none/tasks"])
def test_what_is_not_there_is_refused_but_is_no_breach(ask, bmll_emulator, path):
    assert ask("GET", path)[0] == 404
    assert bmll_emulator.violations == []


def test_requests_are_remembered_without_what_they_said(ask, bmll_emulator):
    ask("POST", "/jobs", NEW_JOB | {"scriptParameters": {"password": "hunter2"}})
    last = bmll_emulator.requests[-1]
    assert (last.method, last.path, last.status) == ("POST", "/compute/jobs", 200)
    assert last.route == "/compute/jobs"
    assert last.keys == tuple(sorted(NEW_JOB))
    told = repr(bmll_emulator.requests)
    import bmll

    secret = bmll.DEFAULT_SESSION.get_headers()["x-api-key"]
    assert "hunter2" not in told
    assert secret not in told


def test_a_breach_says_where_and_not_what_was_sent(ask, bmll_emulator):
    ask("POST", "/jobs", NEW_JOB | {"instanceSize": "hunter2", "name": ["hunter2"]})
    assert "hunter2" not in breach(bmll_emulator)
