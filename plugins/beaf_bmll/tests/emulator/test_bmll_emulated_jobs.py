"""Does the unmodified package of the vendor do all its work with jobs against the emulator?"""

from __future__ import annotations

import pytest

from beaf_bmll.testing import Emulator


@pytest.fixture
def compute(bmll_emulator: Emulator):
    import bmll

    bmll.login(lab_org_id=bmll_emulator.lab_org_id)
    return bmll.compute


def script(emulator: Emulator, name: str, text: str) -> str:
    (emulator.area_roots["user"] / name).write_text(text)
    return name


def test_a_job_goes_from_login_to_its_logs(bmll_emulator, compute):
    path = script(
        bmll_emulator,
        "job.py",
        "import bmll2, os\nprint('hello', os.environ['JOB_RUN_ID'])\n".replace("bmll2, ", ""),
    )
    prepare = script(bmll_emulator, "prepare.sh", 'echo "prepared $1 $2"; export LOST=1\n')
    job = compute.create_job(
        "instance",
        name="nightly",
        script_path=path,
        log_path="logs",
        bootstraps=[{"area": "user", "path": prepare, "args": ["a b", 7]}],
        date="2026-02-01",
    )
    run = job.execute()
    bmll_emulator.wait(run.id)
    run.reload()
    assert run.current_state == "completed"
    assert not run.active
    assert [state for state, _ in run.states] == [
        "requested",
        "provisioning",
        "configuring",
        "running",
        "completed",
    ]
    messages = [event["message"] for event in run.stream_logs(end_time="2999-01-01T00:00:00")]
    assert messages == [f"hello {run.id}"]
    general = [event["message"] for event in run.logs(end_time="2999-01-01T00:00:00")]
    assert "prepared a b 7" in general
    assert job.script_parameters == {"date": "2026-02-01"}
    assert (bmll_emulator.area_roots["user"] / "logs" / run.id / "stream.log").exists()
