"""How does a run execute here? In this process, at once."""

from __future__ import annotations

from typing import Any

from beaf_core import FinishedRun, LaunchedRun, LaunchRequest, execute_request, hookimpl


@hookimpl
def launch_run(request: LaunchRequest, config: Any) -> LaunchedRun:
    """Run it now, and return when it has ended."""
    return FinishedRun(execute_request(request))


@hookimpl
def find_run(ref: str, config: Any) -> LaunchedRun:
    """Find a run by the path of its manifest."""
    return FinishedRun.load(ref)
