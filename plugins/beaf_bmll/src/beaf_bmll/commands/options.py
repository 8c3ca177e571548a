"""Which options do the commands of `beaf job` share, and what do they ask for together?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from beaf_core import UsageError

if TYPE_CHECKING:
    from beaf_bmll.config import Config
    from beaf_core import AskedPipeline, LaunchRequest, RunChoices

#: What makes a pipeline a job, whichever launcher it names.
_LAUNCHER = "LAUNCHER=bmll"


@dataclass(frozen=True, slots=True)
class AskedMachine:
    """A machine, as a person asks for it on the command line; None is what BMLL_JOBS says.

    Attributes:
        name: of the job, for people.
    """

    instance_size: int | None = None
    conda_env: str | None = None
    max_runtime_hours: int | None = None
    max_concurrent_instances: int | None = None
    log_path: str | None = None
    name: str | None = None

    def over(self, config: Config) -> Config:
        """Put what was typed over the configuration.

        Raises:
            UsageError: it is not offered.
        """
        typed = {
            "default_instance_size": ("--instance_size", self.instance_size),
            "default_conda_env": ("--conda_env", self.conda_env),
            "max_runtime_hours": ("--max_runtime_hours", self.max_runtime_hours),
            "max_concurrent_instances": (
                "--max_concurrent_instances",
                self.max_concurrent_instances,
            ),
            "log_path": ("--log_path", self.log_path),
        }
        given = {field: value for field, (_, value) in typed.items() if value is not None}
        return _changed(config, given, [name for name, value in typed.values() if value])


def _changed(config: Config, given: dict[str, Any], flags: Sequence[str]) -> Config:
    from pydantic import ValidationError

    try:
        return type(config).model_validate(config.model_dump() | given)
    except ValidationError as error:
        faults = [each["msg"].removeprefix("Value error, ") for each in error.errors()]
        raise UsageError(
            f"{', '.join(flags)}: {'; '.join(faults)}",
            remedy="allow_unlisted is set by --set BMLL_JOBS.allow_unlisted=true"
            if "allow_unlisted" in faults[0]
            else "`beaf job run --help` says what each takes",
        ) from None


def asks_for_machine(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a machine; the command gets them as `machine`, one `AskedMachine`."""

    @wraps(command)
    def gathered(
        *arguments: Any,
        instance_size: int | None,
        conda_env: str | None,
        max_runtime_hours: int | None,
        max_concurrent_instances: int | None,
        log_path: str | None,
        name: str | None,
        **more: Any,
    ) -> Any:
        machine = AskedMachine(
            instance_size, conda_env, max_runtime_hours, max_concurrent_instances, log_path, name
        )
        return command(*arguments, machine=machine, **more)

    for option in reversed(_MACHINE):
        gathered = option(gathered)
    return gathered


_POSITIVE = click.IntRange(min=1)
_MACHINE = (
    click.option("--instance_size", type=_POSITIVE, help="GB of memory: 16, 32, 64, 128, …"),
    click.option("--conda_env", help="The environment on the machine: py311-stable, py311-latest."),
    click.option(
        "--max_runtime_hours", type=_POSITIVE, help="After so many hours the machine is taken away."
    ),
    click.option(
        "--max_concurrent_instances", type=_POSITIVE, help="So many machines of ours at once."
    ),
    click.option(
        "--log_path", help="The folder of logs, in an area; <jobs_dir>/<job_id>/logs by default."
    ),
    click.option("--name", help="What the job is called; after the pipeline, by default."),
)


@dataclass(frozen=True, slots=True)
class AskedJobs:
    """Whose BMLL_JOBS a command goes by: those of a pipeline, or of the nearest beaf.yaml."""

    path: str | None
    sets: Sequence[str]

    def config(self) -> Config:
        """Read them.

        Raises:
            ConfigError, UsageError, PluginError: what to mend.
        """
        from beaf_core import prepare_pipeline

        pipeline: Any = {} if self.path is None else self.path
        prepared = prepare_pipeline(pipeline, sets=(*self.sets, _LAUNCHER), needs_passes=False)
        return _options_of(prepared.resolved.launcher_options)


def asks_for_jobs(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name a configuration; the command gets them as one `AskedJobs`."""

    @wraps(command)
    def gathered(*arguments: Any, path: str | None, sets: Sequence[str], **more: Any) -> Any:
        return command(*arguments, jobs=AskedJobs(path, sets), **more)

    decorated = click.option(
        "--set", "sets", multiple=True, metavar="PATH=VALUE", help="Override a value of BMLL_JOBS."
    )(gathered)
    return click.option(
        "--pipeline", "-p", "path", help="Whose BMLL_JOBS; else those of the nearest beaf.yaml."
    )(decorated)


def request_for(
    asked: AskedPipeline, choices: RunChoices, machine: AskedMachine
) -> tuple[LaunchRequest, Config]:
    """Describe a run of a pipeline, and the machine that it is to have.

    Raises:
        ConfigError, UsageError, PluginError: what to mend.
    """
    from dataclasses import replace

    from beaf_core import request_of

    prepared = replace(asked, sets=(*asked.sets, _LAUNCHER)).prepare()
    for note in prepared.resolved.notes:
        click.echo(f"note: {note}", err=True)
    config = machine.over(_options_of(prepared.resolved.launcher_options))
    return replace(request_of(prepared, choices), session=None), config


def _options_of(resolved: object) -> Config:
    from beaf_bmll.config import Config

    return resolved if isinstance(resolved, Config) else Config()
