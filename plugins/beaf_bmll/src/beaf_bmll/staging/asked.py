"""How does a request read once it is to travel: which paths, which variables, and no secret?"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from beaf_bmll.config import Config
from beaf_bmll.staging.areas import lies_in_area, locate, locate_file, mounted
from beaf_bmll.staging.secrecy import (
    refuse_secrets_in_args,
    refuse_secrets_in_config,
    variables,
)
from beaf_core import CommandRequest, LaunchRequest, UsageError

#: A database in a file, which an absolute path follows.
_FILE_URL = re.compile(r"(?:sqlite|duckdb)(?:\+\w+)?:///(?P<path>/[^?]*)")


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job comes back, and for which days.

    Attributes:
        cron: five or six fields, in `timezone`; None where data that arrives starts it.
        timezone: of the cron, and of `date`.
        date: `today`, `yesterday`, `-3d` or `-1bd`, as seen when it is due; None is what the
            request says.
        since: ISO; what was due before is not made up for.
    """

    cron: str | None
    timezone: str = "UTC"
    date: str | None = None
    since: str | None = None


def asked_of(
    request: LaunchRequest | CommandRequest, config: Config, schedule: Schedule | None
) -> dict[str, Any]:
    """Render what a machine is asked to do, JSON-ready.

    Raises:
        UsageError: what it needs lies in no area, or it would tell a secret.
    """
    if isinstance(request, CommandRequest):
        own = _of_command(request, config)
        values, required = variables(request.environment, config)
    else:
        own = _of_pipeline(request, config)
        values, required = variables((), config)
    when = schedule or _schedule_of(request, config)
    return {
        **own,
        "environment": values,
        "required": list(required),
        "env_file": _env_file(config),
        "pythonpath": [
            mounted(locate(each, config, "BMLL_JOBS.pythonpath_prefixes"), config)
            for each in config.pythonpath_prefixes
        ],
        "schedule": None if when is None else asdict(when),
    }


def _schedule_of(request: LaunchRequest | CommandRequest, config: Config) -> Schedule | None:
    if request.schedule is None:
        return None
    zone = request.timezone if isinstance(request, CommandRequest) else None
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return Schedule(request.schedule, zone or config.cron_timezone, since=since)


def _of_command(request: CommandRequest, config: Config) -> dict[str, Any]:
    refuse_secrets_in_args(request.args)
    folder = mounted(locate(request.project, config, "the folder of the command"), config)
    staged = replace(request, project=folder, schedule=None, timezone=None, replace=False)
    own_python = request.args[0] == sys.executable
    return {"kind": "command", "request": staged.to_json(), "python": own_python}


def _of_pipeline(request: LaunchRequest, config: Config) -> dict[str, Any]:
    refuse_secrets_in_config(request.config)
    _refuse_out_of_sight(request.config, config)
    staged = replace(
        request,
        config={**request.config, "LAUNCHER": "local"},
        pipeline=_pipeline_of(request, config),
        project=_project_of(request, config),
        schedule=None,
    )
    return {"kind": "pipeline", "request": staged.to_json()}


def _pipeline_of(request: LaunchRequest, config: Config) -> str | None:
    """Name the pipeline's file; one that is configuration alone has travelled with the request."""
    given = request.pipeline
    if given is None:
        return None
    if PurePath(given).suffix != ".py" and not lies_in_area(given, config):
        return None
    return mounted(locate(given, config, "the pipeline"), config)


def _project_of(request: LaunchRequest, config: Config) -> str:
    inside = request.pipeline is not None or lies_in_area(request.project, config)
    if inside and _pipeline_of(request, config) is not None:
        return mounted(locate(request.project, config, "the pipeline's project"), config)
    return mounted(locate(config.project_root, config, "BMLL_JOBS.project_root"), config)


def _env_file(config: Config) -> str | None:
    if config.env_file is None:
        return None
    return mounted(locate_file(config.env_file, config, "BMLL_JOBS.env_file"), config)


def _refuse_out_of_sight(configured: Mapping[str, Any], config: Config) -> None:
    """Refuse files that the machine does not see, and files of its own, which go with it."""
    root = (configured.get("SOURCE") or {}).get("root")
    if isinstance(root, str) and not _is_seen(root, config):
        raise UsageError(
            f"SOURCE.root lies in no storage area, so that no machine sees it: {root}",
            remedy="copy it into a storage area (/home/bmll/user/…), or read from s3://…",
        )
    for where, path in _written(configured):
        if not _is_seen(path, config):
            raise UsageError(
                f"{where} lies in no storage area, and would be lost with the machine: {path}",
                remedy="write below a storage area (/home/bmll/user/…), or to s3://…",
            )


def _is_seen(path: str, config: Config) -> bool:
    """Say whether a path, or the part of a template that is fixed, is remote or in an area."""
    database = _FILE_URL.match(path)
    local = database["path"] if database else path
    if "://" in local or not PurePath(local).is_absolute():
        return True
    return lies_in_area(local.partition("{")[0] or "/", config)


def _written(configured: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """List the paths and connections of outputs, and where they stand."""
    targets = [("OUTPUT_TARGET", configured.get("OUTPUT_TARGET"))]
    for each in configured.get("PASSES") or ():
        name = f"PASSES.{each.get('name')}"
        targets.append((f"{name}.output", each.get("output")))
        targets += [(f"{name}.extra_outputs", extra) for extra in each.get("extra_outputs") or ()]
    for where, target in targets:
        if isinstance(target, Mapping):
            for key in ("path_template", "sql_connection"):
                if isinstance(target.get(key), str):
                    yield f"{where}.{key}", target[key]
