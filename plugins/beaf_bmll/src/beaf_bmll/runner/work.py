"""How is a request carried out on its machine, once BEAF can be imported there?"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from beaf_bmll.runner.entry import INTERRUPTED, OK, REPORT, Ending, Job, write_whole
from beaf_core import (
    BeafError,
    CommandRequest,
    ExitCode,
    LaunchRequest,
    PassOutcome,
    RunReport,
)

#: How long a command may take to end once it is asked to, in seconds.
GRACE_SECONDS = 25.0


def carry_out(asked: Mapping[str, Any], job: Job) -> Ending:
    """Do what is asked, and say how it ended.

    Nothing of ours is raised: the script that calls has a copy of `entry`, with classes of its own.
    """
    schedule, request = asked["schedule"], _request_of(asked)
    if schedule is not None:
        from beaf_bmll.runner.fires import at_fire, fire_of, utc_now  # croniter, 50 ms

        due = fire_of(schedule, job, utc_now())
        if isinstance(due, Ending):
            return due
        request = at_fire(request, schedule, due)
    if isinstance(request, CommandRequest):
        return run_command(request, own_python=asked["python"])
    return run_pipeline(request, job.folder)


def _request_of(asked: Mapping[str, Any]) -> LaunchRequest | CommandRequest:
    kind = CommandRequest if asked["kind"] == "command" else LaunchRequest
    return kind.from_json(asked["request"])


class Lines:
    """Tells of a run in the job's log, as it goes on."""

    def begin(self, total: int) -> None:
        """Say how much there is to do."""
        print(f"beaf: to do, passes of partitions: {total}", flush=True)

    def advance(self, outcome: PassOutcome) -> None:
        """Say what became of one."""
        receipt, why = outcome.receipt, outcome.message
        told = f": {receipt.rows:,} rows, {receipt.location}" if receipt else f": {why or ''}"
        print(f"beaf: {outcome.partition} {outcome.pass_name} {outcome.status}{told}", flush=True)


def run_pipeline(request: LaunchRequest, folder: Path) -> Ending:
    """Run a pipeline in this process, and leave its report in the run's folder."""
    from beaf_core import execute_request  # 500 ms, which commands need not pay

    try:
        report = execute_request(request, Lines())
    except BeafError as error:
        return Ending("failed", int(error.exit_code), error.message, error.remedy or "")
    facts = json.loads(Path(report.manifest).read_text(encoding="utf-8"))
    write_whole(folder / REPORT, json.dumps({**facts, "manifest": report.manifest}))
    return Ending(report.status, int(report.exit_code), _lines_of(report))


def _lines_of(report: RunReport) -> str:
    failed = [each for each in report.outcomes if each.exit_code is not ExitCode.OK]
    return "\n".join(f"{each.partition} {each.pass_name}: {each.message}" for each in failed)


def run_command(request: CommandRequest, *, own_python: bool) -> Ending:
    """Run a command in a process of its own, which ends with this one.

    Args:
        request: the command.
        own_python: whether its program is the interpreter of whoever asked; here it is ours.
    """
    if own_python:
        request = replace(request, args=(sys.executable, *request.args[1:]))
    try:
        process = subprocess.Popen(  # noqa: S603 — a list of words, as it was asked
            request.args, cwd=request.project, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        return Ending(
            "failed",
            ExitCode.USAGE,
            f"the command {request.args[0]} cannot be started in {request.project}: "
            f"{error.strerror}",
            "see that the program and the folder are there on the machine",
        )
    return _ending_of(process)


def _ending_of(process: subprocess.Popen[bytes]) -> Ending:
    try:
        code = process.wait()
    except KeyboardInterrupt:
        _end(process)
        return Ending("cancelled", INTERRUPTED, "the run was asked to end")
    if code == OK:
        return Ending("succeeded", OK)
    name = f" ({signal.Signals(-code).name})" if code < 0 else ""
    shown = 128 - code if code < 0 else code  # as a shell says it
    return Ending("failed", shown, f"the command ended with exit code {code}{name}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
        return
    process.kill()
    process.wait()
