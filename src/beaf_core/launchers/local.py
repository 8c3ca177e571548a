"""How does a run execute here? A pipeline in this process, at once; a command in one of its own."""

from __future__ import annotations

from typing import Any

from beaf_core import (
    CommandRequest,
    FinishedRun,
    LaunchedRun,
    LaunchRequest,
    UsageError,
    execute_request,
    hookimpl,
)
from beaf_core.launchers.detached import DetachedRun


@hookimpl
def launch_run(request: LaunchRequest | CommandRequest, config: Any) -> LaunchedRun:
    """Run a pipeline now, and return when it has ended; start a command, and return at once."""
    if isinstance(request, CommandRequest):
        return DetachedRun.start(_once(request))
    return FinishedRun(execute_request(request))


@hookimpl
def find_run(ref: str, config: Any) -> LaunchedRun:
    """Find a pipeline's run by the path of its manifest, a command's by that of its folder."""
    return DetachedRun.find(ref) or FinishedRun.load(ref)


def _once(request: CommandRequest) -> CommandRequest:
    if request.schedule is not None:
        raise UsageError(
            f'the launcher "local" cannot hold the schedule "{request.schedule}": '
            "nothing here outlives a restart of the machine",
            remedy="run it once, without a schedule, choose a launcher that holds schedules "
            "(bmll), or write the command into a crontab",
        )
    return request
