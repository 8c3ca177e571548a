"""Does the contract check for launchers pass what is right, and catch each way of being wrong?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from beaf_core import FinishedRun, UsageError, execute_request, hookimpl
from beaf_core.testing import check_launcher, tiny_request


def test_the_first_party_launcher_keeps_its_contract(tmp_path):
    check_launcher("local", tiny_request(tmp_path))


def test_the_example_of_a_launcher_keeps_its_contract(tmp_path, example_plugin):
    check_launcher(example_plugin("launch_run"), tiny_request(tmp_path))


class Launcher:
    """Runs at once and remembers, as it should."""

    def __init__(self):
        self.runs = {}

    @hookimpl
    def launch_run(self, request):
        run = self.wrap(FinishedRun(execute_request(request)))
        self.runs[run.ref] = run
        return run

    @hookimpl
    def find_run(self, ref):
        return self.find(ref)

    def find(self, ref):
        if ref not in self.runs:
            raise UsageError(f"no run {ref}")
        return self.runs[ref]

    def wrap(self, run):
        return run


class Wrapped:
    def __init__(self, run):
        self.run = run

    def __getattr__(self, name):
        return getattr(self.run, name)


class FindsNothing(Launcher):
    def find(self, ref):
        return self.runs[ref]


class FindsAnything(Launcher):
    def find(self, ref):
        return next(iter(self.runs.values()))


class FindsAnother(Launcher):
    def find(self, ref):
        found = Wrapped(super().find(ref))
        found.ref = "another"
        return found


class NeverEnds(Launcher):
    def wrap(self, run):
        wrapped = Wrapped(run)
        wrapped.status = lambda: "running"
        return wrapped


class SpeaksAnotherLanguage(Launcher):
    def wrap(self, run):
        wrapped = Wrapped(run)
        wrapped.status = lambda: "SUCCESS"
        return wrapped


class CancelsWhatHasEnded(Launcher):
    def wrap(self, run):
        wrapped, states = Wrapped(run), []
        wrapped.stop = lambda: states.append("cancelled")
        wrapped.status = lambda: states[-1] if states else "succeeded"
        return wrapped


class ReportsAnotherRun(Launcher):
    def wrap(self, run):
        wrapped = Wrapped(run)
        wrapped.wait = lambda: replace(run.wait(), run_id="another")
        return wrapped


class LogsBytes(Launcher):
    def wrap(self, run):
        wrapped = Wrapped(run)
        wrapped.logs = lambda: [b"line"]
        return wrapped


def test_a_right_launcher_passes(tmp_path):
    check_launcher(Launcher(), tiny_request(tmp_path))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (FindsNothing, "find_run of an unknown ref is to raise UsageError"),
        (FindsAnything, "find_run finds a run that was never launched"),
        (FindsAnother, "finds 'another'"),
        (NeverEnds, "wait() is over, yet status() answers 'running'"),
        (SpeaksAnotherLanguage, "status() answers 'SUCCESS'"),
        (CancelsWhatHasEnded, "stop() changes a run that has ended"),
        (ReportsAnotherRun, 'wait() reports the run "another", not "tiny"'),
        (LogsBytes, "logs() yields something else than texts"),
    ],
)
def test_a_wrong_launcher_is_caught(wrong, reason, tmp_path, refused):
    assert reason in refused(check_launcher, wrong(), tiny_request(tmp_path))
