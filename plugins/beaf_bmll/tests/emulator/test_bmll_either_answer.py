"""Does the plugin's gateway say the same of BMLL, whichever way our guesses fall?"""

from __future__ import annotations

from dataclasses import asdict

import pytest

from beaf_bmll.config import Config
from beaf_bmll.gateway import JobSpec, Trigger
from beaf_bmll.sdk import connect
from beaf_bmll.testing import Guesses

# The vendor's package takes seconds to import: one process of the suite does it for all.
pytestmark = pytest.mark.xdist_group("bmll")

#: The other answer to every guess that a plugin could notice.
OTHERWISE = {
    "completed": "SUCCEEDED",
    "failed": "ERROR",
    "terminated": "cancelled",
    "timed_out": "expired",
    "merge_parameters": True,
    "unique_names": True,
    "runs_tell_their_job": True,
    "newest_first": False,
    "ended_stay_ended": False,
    "cron_steps": True,
    "offset": "",
    "log_times_as_text": True,
    "log_page": 1,
    "refused_login": 400,
}
CASES = [
    pytest.param({"guesses": Guesses(**OTHERWISE)}, id="all otherwise"),
    *(
        pytest.param({"guesses": Guesses(**{name: value})}, id=name, marks=pytest.mark.soak)
        for name, value in OTHERWISE.items()
    ),
]


def test_every_guess_has_its_other_answer_here():
    ours = asdict(Guesses())
    assert OTHERWISE.keys() == ours.keys()
    assert [name for name in ours if ours[name] == OTHERWISE[name]] == []


@pytest.mark.parametrize("bmll_emulator", CASES, indirect=True)
def test_a_job_is_made_run_read_and_ended_alike(bmll_emulator):
    (bmll_emulator.area_roots["user"] / "job.sh").write_text("echo one; echo two; sleep 60\n")
    gateway = connect(Config(lab_org_id=bmll_emulator.lab_org_id))
    machine = (16, "py311-stable", 1)
    own = {"a": "1", "b": "1"}
    job = gateway.create_job(JobSpec("bars", "user", "job.sh", own, *machine, "user", "logs"))
    gateway.add_trigger(job.id, Trigger("nightly", cron="0 6 ? * MON-FRI *"))
    first, second = gateway.execute(job.id, {"b": "2"}), gateway.execute(job.id)

    assert (first.parameters, second.parameters) == (own | {"b": "2"}, own)
    assert [run.id for run in gateway.runs_of(job.id)] == [second.id, first.id]
    assert {run.id for run in gateway.active_runs()} == {first.id, second.id}
    truth = bmll_emulator.run(first.id)
    while len(truth.stream) < 2:
        assert truth.active
        truth.ended.wait(0.01)
    assert [line.text for line in gateway.logs(first, "stream")] == ["one", "two"]
    read = gateway.get_job(job.id)
    assert read is not None
    assert [trigger.cron for trigger in read.triggers] == ["0 6 ? * MON-FRI *"]
    assert read.created == job.created == bmll_emulator.jobs[0].created

    for _ in range(2):  # to end what has ended is no fault
        gateway.terminate(first.id)
    (ended,) = (run for run in gateway.runs_of(job.id) if run.id == first.id)
    assert (ended.active, ended.state) == (False, bmll_emulator.guesses.terminated)
    assert [run.id for run in gateway.active_runs()] == [second.id]
    gateway.delete_job(job.id)
    assert list(gateway.jobs()) == []
