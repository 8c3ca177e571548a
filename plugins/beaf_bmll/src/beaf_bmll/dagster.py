"""How does a run of Dagster get a machine of its own on BMLL? In `dagster.yaml`::

    run_launcher:
      module: beaf_bmll.dagster
      class: BMLLRunLauncher

What its machine is comes from BMLL_JOBS of `beaf.yaml` < `options` in `dagster.yaml` < tags of the
run's assets < of its job < of the run itself: `bmll/instance_size`, `bmll/conda_env`,
`bmll/max_runtime_hours`, `bmll/max_concurrent_instances`, `bmll/log_path`.
"""

from __future__ import annotations

import logging
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import dagster as dg
from pydantic import ValidationError

from beaf_bmll.config import Config
from beaf_bmll.errors import CapReachedError
from beaf_bmll.passwords import refuse_passwords
from beaf_bmll.staging import locate
from beaf_core import CommandRequest, UsageError, did_you_mean, prepare_pipeline
from beaf_dagster import BeafRunLauncher

if TYPE_CHECKING:
    from beaf_dagster.launcher.choices import Choices
    from beaf_dagster.private import ConfigurableClassData, LaunchRunContext, ResumeRunContext

__all__ = ["BMLLRunLauncher"]

log = logging.getLogger("beaf.dagster")

_PREFIX = "bmll/"
#: Word of a tag → field of BMLL_JOBS, and what it may be.
_WORDS = {
    "instance_size": ("default_instance_size", "GB of memory, such as 16, 32 or 64"),
    "conda_env": ("default_conda_env", "an environment, such as py311-stable"),
    "max_runtime_hours": ("max_runtime_hours", "a number of hours above 0"),
    "max_concurrent_instances": ("max_concurrent_instances", "a whole number, 1 or more"),
    "log_path": ("log_path", "a folder in a storage area"),
}
#: How often it is seen whether a machine has become free.
_PAUSE_SECONDS = 2.0


class BMLLRunLauncher(BeafRunLauncher):
    """Runs every run of Dagster on a machine of BMLL, which reports to Dagster by itself.

    Args:
        launcher: where runs go that no tag (`beaf/launcher`) sends elsewhere; bmll by default.
        options: keys of BMLL_JOBS, or the words of the tags.
        jobs_dir: the folder in an area where machines find what they need; `dagster` in the
            jobs_dir of BMLL_JOBS by default.
        env_vars: names of further variables that runs need.
        python: the interpreter on the machine; the one that runs its script by default.
        folder: the folder in an area that runs work in; that of the code location by default.
        inst_data: given by Dagster.

    Raises:
        UsageError: `options` has a key that BMLL_JOBS has not, or a value that it does not take.
    """

    default_launcher: ClassVar[str] = "bmll"

    def __init__(
        self,
        launcher: str | None = None,
        options: Mapping[str, Any] | None = None,
        jobs_dir: str | None = None,
        env_vars: list[str] | None = None,
        python: str | None = None,
        folder: str | None = None,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        given = dict(options or {})
        words = {name: given.pop(name) for name in _WORDS if name in given}
        self._settings = _validated(given)
        self._python, self._folder, self._own_folder = python, folder, jobs_dir
        self._again: Counter[str] = Counter()
        super().__init__(launcher, words, jobs_dir, env_vars, inst_data)

    @classmethod
    def config_type(cls) -> Any:
        """Describe the keys of its `config` in `dagster.yaml`; none is needed."""
        told = {
            "python": "the interpreter on the machine",
            "folder": "the folder in an area that runs work in",
        }
        more = {
            name: dg.Field(dg.StringSource, is_required=False, description=text)
            for name, text in told.items()
        }
        return {**super().config_type(), **more}

    @cached_property
    def config(self) -> Config:
        """What holds where no tag says otherwise: BMLL_JOBS of `beaf.yaml`, below `dagster.yaml`.

        Raises:
            UsageError, ConfigError: it makes no sense.
        """
        prepared = prepare_pipeline({}, sets=("LAUNCHER=bmll",), needs_passes=False)
        found = prepared.resolved.launcher_options
        base = found.model_dump(exclude_unset=True) if isinstance(found, Config) else {}
        return Config.model_validate(base | self._settings)

    # -- launching -------------------------------------------------------------------------

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start a machine for a run; where as many run as may, wait for a while.

        Raises:
            UsageError: a tag makes no sense, or what the run needs cannot be seen by a machine.
            CapReachedError: as many machines run as may, and none has ended meanwhile.
            BMLLError: BMLL refuses, or does not answer.
        """
        self._where_there_is_room(context.dagster_run, partial(super().launch_run, context))

    def resume_run(self, context: ResumeRunContext) -> None:
        """Start another machine for a run; whatever is left of the one before is ended first."""
        self._where_there_is_room(context.dagster_run, partial(super().resume_run, context))

    def _where_there_is_room(self, run: dg.DagsterRun, start: Callable[[], None]) -> None:
        """Start a run; the machine of one that has ended for Dagster takes a moment to leave."""
        _refuse_odd_tags(run.tags)
        began = time.monotonic()
        while True:
            try:
                return start()
            except CapReachedError as error:
                if time.monotonic() - began > self.config.submit_timeout:
                    raise CapReachedError(error.message, remedy=_QUEUE) from error
            self._again[run.run_id] += 1
            _pause(_PAUSE_SECONDS)

    def terminate(self, run_id: str) -> bool:
        """End a run's machine; its worker may have had no moment to report that to Dagster."""
        asked = super().terminate(run_id)
        run = self._instance.get_run_by_id(run_id)
        if asked and run is not None and not run.is_finished and not self._stays(run):
            self._instance.report_run_canceled(run, "Its machine has been taken away.")
        return asked

    def request_of(self, run: dg.DagsterRun, name: str, *, resume: bool = False) -> CommandRequest:
        """Describe the worker of a run as a command that a machine of BMLL can carry out.

        Raises:
            UsageError: what it needs cannot be seen there, or would tell a password.
        """
        turn = self._again[run.run_id]  # a submission that was taken back is not made again
        request = super().request_of(run, f"{name}.{turn}" if turn else name, resume=resume)
        if self._stays(run):
            return request
        refuse_passwords(self._instance.get_ref())
        self._refuse_unmounted()
        self._refuse_code_elsewhere(run, request.project)
        return request

    def python_of(self, run: dg.DagsterRun) -> str:
        """Name the interpreter: on a machine that of its script, which stands for our own."""
        return super().python_of(run) if self._stays(run) else self._python or sys.executable

    def folder_of(self, run: dg.DagsterRun) -> str:
        """Name the folder that the worker runs in."""
        return (
            super().folder_of(run) if self._stays(run) else self._folder or super().folder_of(run)
        )

    @property
    def jobs_folder(self) -> Path:
        """The folder, in an area, where machines find the way to the instance."""
        return Path(self._own_folder or f"{self.config.jobs_folder}/dagster")

    def options_of(self, choices: Choices) -> Any:
        """Give BMLL_JOBS with what tags say over it.

        Raises:
            UsageError: it does not take a value.
        """
        if choices.launcher != self.default_launcher:
            return super().options_of(choices)
        words = {word: text for word, text in choices.options.items() if word in _WORDS}
        config = self.config
        for word, text in words.items():
            config = _with_word(config, word, text)
        if config.log_path:
            locate(_below(config), config, "bmll/log_path")
        return config

    def _stays(self, run: dg.DagsterRun) -> bool:
        """Say whether a run's own tag sends it to another launcher."""
        return run.tags.get("beaf/launcher", self._launcher) != self.default_launcher

    def _refuse_unmounted(self) -> None:
        folder = str(self.jobs_folder)
        place = locate(folder, self.config, "jobs_dir of the run launcher")
        root = self.config.area_roots[place.area]
        if not Path(root).is_dir():
            raise UsageError(
                f"the storage area {root} is not mounted here: machines of BMLL could not be told "
                "the way to Dagster's event log",
                remedy="run Dagster's daemon in the Lab, or mount the area and name it: "
                "options: {area_roots: …} of run_launcher in dagster.yaml",
            )

    def _refuse_code_elsewhere(self, run: dg.DagsterRun, folder: str) -> None:
        assert run.job_code_origin is not None
        file = getattr(run.job_code_origin.repository_origin.code_pointer, "python_file", None)
        if file is not None:
            locate(str(Path(folder, file)), self.config, "the code location")


_QUEUE = (
    "let Dagster's queue wait in place of the launcher: concurrency: {runs: "
    "{max_concurrent_runs: N}} in dagster.yaml, with N no greater than max_concurrent_instances"
)


def _pause(seconds: float) -> None:
    time.sleep(seconds)


def _validated(given: dict[str, Any]) -> dict[str, Any]:
    """Check what `options` says, where `dagster.yaml` is read."""
    for name in given:
        if name not in Config.model_fields:
            known = [*_WORDS, *Config.model_fields]
            raise UsageError(
                f"run_launcher in dagster.yaml: options has no {name}{did_you_mean(name, known)}",
                remedy="give keys of BMLL_JOBS there",
            )
    try:
        return Config.model_validate(given).model_dump(exclude_unset=True)
    except ValidationError as error:
        raise UsageError(
            f"run_launcher in dagster.yaml: options: {_first(error)}",
            remedy="correct it there; its keys are those of BMLL_JOBS",
        ) from error


def _with_word(config: Config, word: str, text: str) -> Config:
    field, wanted = _WORDS[word]
    value = _whole_hours(text) if word == "max_runtime_hours" else text
    try:
        return Config.model_validate(config.model_dump(exclude_unset=True) | {field: value})
    except ValidationError as error:
        raise UsageError(
            f"{_PREFIX}{word} is {text!r}: {_first(error)}",
            remedy=f"tag the run, its job or its assets with {wanted}; or see options in "
            "dagster.yaml",
        ) from error


def _whole_hours(text: str) -> str:
    """Round up to the hours that machines are taken for; Dagster itself ends a run in time."""
    try:
        hours = float(text)
    except ValueError:
        return text
    return str(math.ceil(hours)) if math.isfinite(hours) else text


def _first(error: ValidationError) -> str:
    told = error.errors(include_url=False)[0]
    return str(told["msg"]).removeprefix("Value error, ")


def _below(config: Config) -> str:
    return str(Path(config.area_roots[config.log_area], config.log_path))


def _refuse_odd_tags(tags: Mapping[str, str]) -> None:
    for tag in tags:
        word = tag.removeprefix(_PREFIX)
        if tag.startswith(_PREFIX) and word not in _WORDS:
            raise UsageError(
                f"no tag {tag} is known{did_you_mean(word, _WORDS)}",
                remedy=f"a run may have {', '.join(_PREFIX + each for each in _WORDS)}",
            )
