"""Which job carries a request out: its name, its machine, its logs?"""

from __future__ import annotations

import posixpath
import re
from pathlib import PurePath

from beaf_bmll.config import Config
from beaf_bmll.gateway import JobGateway, JobSpec
from beaf_bmll.staging import AreaPath, Staged, locate, prepare, put
from beaf_bmll.staging.bootstrap import jobs_folder
from beaf_bmll.submit import Submission, submit_id_of
from beaf_core import CommandRequest, LaunchRequest, UsageError

#: What a name can hold everywhere; the rest becomes `_`.
_ODD = re.compile(r"[^\w.=+-]+", re.ASCII)
_LONGEST_NAME = 100


def submission_of(
    request: LaunchRequest | CommandRequest,
    config: Config,
    *,
    name: str | None = None,
    gateway: JobGateway | None = None,
) -> Submission:
    """Stage a request, and describe the job that is to run it once.

    Args:
        request: a pipeline, or a command.
        config: options.
        name: of the job, for people.
        gateway: who has to let us in before anything is written; None where nobody is asked.

    Raises:
        UsageError: the request cannot travel.
        BMLLError: we are not let in.
        ResourceError: the area cannot be written.
    """
    staged = prepare(request, config)
    submission = describe(request, staged, config, name=name)
    if gateway is not None:
        gateway.log_in()
    put(staged, config)
    return submission


def describe(
    request: LaunchRequest | CommandRequest,
    staged: Staged,
    config: Config,
    *,
    name: str | None = None,
) -> Submission:
    """Describe the job that is to run a staged request once."""
    spec, logs_below = spec_of(request, staged, config, name=name)
    return Submission(
        submit_id=submit_id_of(request.run_id),
        run_name=request.run_id,
        spec=spec,
        logs_below=logs_below,
        cap=config.max_concurrent_instances,
        delete_after=config.delete_job_after,
        about=about(request),
    )


def spec_of(
    request: LaunchRequest | CommandRequest,
    staged: Staged,
    config: Config,
    *,
    name: str | None = None,
) -> tuple[JobSpec, str | None]:
    """Describe a job, and below which folder it keeps its logs; None where its path says that.

    Raises:
        UsageError: nobody could read its name, or its logs lie in no area.
    """
    if name is not None and not (name.isprintable() and name.strip()):
        raise UsageError(
            f"a job cannot be called {name!r}", remedy="use letters, digits and signs, on one line"
        )
    logs = _logs(config)
    below = jobs_folder(config).path if logs is None else None
    spec = JobSpec(
        name=name or name_of(request, config),
        script_area=staged.script.area,
        script_path=staged.script.path,
        parameters=staged.parameters,
        instance_size=config.default_instance_size,
        conda_env=config.default_conda_env,
        max_runtime_hours=config.max_runtime_hours,
        log_area=logs.area if logs else config.log_area,
        log_path=logs.path if logs else f"{below}/logs",
        visibility=config.visibility,
        bootstraps=staged.bootstraps,
        notifications={str(on): each for on, each in config.notifications.items()},
    )
    return spec, below


def name_of(request: LaunchRequest | CommandRequest, config: Config) -> str:
    """Name a job for people: what it does, and for when."""
    if isinstance(request, CommandRequest):
        words = [request.run_id]
    else:
        words = [_stem(request), request.selector]
        words += [] if request.schedule else [request.dates.key]
    name = _ODD.sub("_", "_".join([config.name_prefix, *words]))
    return name[:_LONGEST_NAME]


def about(request: LaunchRequest | CommandRequest) -> str:
    """Say in one line what a job does, for people."""
    if isinstance(request, CommandRequest):
        return f"the command {request.run_id}"
    return f"{_stem(request)} {request.selector} {request.dates.key}"


def _stem(request: LaunchRequest) -> str:
    return PurePath(request.pipeline or str(request.config.get("DATASETNAME", "pipeline"))).stem


def _logs(config: Config) -> AreaPath | None:
    """Find the folder that a person names; a relative one belongs to the root of `log_area`."""
    if not config.log_path:
        return None
    root = config.area_roots.get(config.log_area, f"/home/bmll/{config.log_area}")
    return locate(posixpath.join(root, config.log_path), config, "the log path")
