"""How does a run become a job on one of the vendor's machines, and how is it found again?"""

from __future__ import annotations

import re
from dataclasses import replace

import click

from beaf_bmll.config import Config
from beaf_bmll.gateway import JobGateway, Trigger
from beaf_bmll.launched import BMLLRun
from beaf_bmll.needs import NEEDS
from beaf_bmll.schedules import SCHEDULE, InstalledSchedule, OnConflict, Schedules
from beaf_bmll.specs import spec_of, submission_of
from beaf_bmll.staging import AreaWords, stage
from beaf_bmll.submit import Submitter, state_folder, submit_id_of
from beaf_core import CommandRequest, LaunchedRun, LaunchRequest, UsageError, hookimpl

__all__ = ["NEEDS", "Config", "Launcher", "find_run", "launch_run"]

_REF = re.compile(r"([\w-]+)/([\w-]+)/([\w-]+)", re.ASCII)


@hookimpl
def launch_run(
    request: LaunchRequest | CommandRequest, config: Config | None
) -> BMLLRun | InstalledSchedule:
    """Start a run on a machine of the vendor's; what has a schedule is installed there."""
    launched = _opened(config).launch(request)
    click.echo(f"started on BMLL: {launched.ref}", err=True)
    return launched


@hookimpl
def find_run(ref: str, config: Config | None) -> LaunchedRun:
    """Find a run, or a schedule, by its ref."""
    return _opened(config).find(ref)


class Launcher:
    """Starts runs on machines of the vendor's, and finds them again."""

    def __init__(self, gateway: JobGateway, config: Config) -> None:
        self._gateway, self._config = gateway, config

    def launch(
        self, request: LaunchRequest | CommandRequest, *, name: str | None = None
    ) -> BMLLRun | InstalledSchedule:
        """Start a run, or install what has a schedule.

        Args:
            request: a pipeline, or a command.
            name: of the job, for people.

        Raises:
            UsageError: the request cannot travel, or its schedule cannot be said.
            CapReachedError: as many machines run as may.
            BMLLError: nothing was started; where its `unsure` is set, something may have been.
        """
        if request.schedule is not None:
            return self._install(request, name)
        return self._run(request, name)

    def find(self, ref: str) -> BMLLRun | InstalledSchedule:
        """Find a run, or a schedule, by its ref.

        Raises:
            UsageError: there is none.
        """
        found = _REF.fullmatch(ref)
        if found is None:
            raise UsageError(
                f"{ref!r} names no run on BMLL",
                remedy="give <job id>/<run id>/<submit id>, as `beaf job list` prints it",
            )
        job_id, run_id, submit_id = found.groups()
        if run_id == SCHEDULE:
            return self._schedule(job_id, submit_id)
        run = BMLLRun(self._gateway, self._config, job_id, run_id, submit_id)
        if not run.is_known():
            raise UsageError(
                f"neither BMLL nor {self._config.jobs_folder} knows the run {ref}",
                remedy="see `beaf job list`; runs go with their job, once that is deleted",
            )
        return run

    def _run(self, request: LaunchRequest | CommandRequest, name: str | None) -> BMLLRun:
        submission = submission_of(request, self._config, name=name, gateway=self._gateway)
        words, folder = AreaWords(self._config), state_folder(self._config)
        done = Submitter(self._gateway, self._config, folder, words=words).submit(submission)
        return BMLLRun(self._gateway, self._config, done.job_id, done.run_id, done.submit_id)

    def _install(
        self, request: LaunchRequest | CommandRequest, name: str | None
    ) -> InstalledSchedule:
        from beaf_bmll.cron import on_days  # croniter, 50 ms

        if isinstance(request, CommandRequest):  # a daemon of Dagster: none other has a schedule
            days = self._config.scheduler_days
            request = replace(request, schedule=on_days(str(request.schedule), days))
        staged = stage(request, self._config)
        spec, logs_below = spec_of(request, staged, self._config, name=name)
        triggers = self._triggers(request)
        job = Schedules(self._gateway, self._config).install(
            request.run_id,
            spec,
            triggers,
            logs_below=logs_below,
            on_conflict=self._on_conflict(request),
        )
        submit_id = submit_id_of(request.run_id)
        return InstalledSchedule(self._gateway, self._config, job.id, submit_id)

    def _triggers(self, request: LaunchRequest | CommandRequest) -> list[Trigger]:
        from beaf_bmll.cron import to_bmll  # croniter, 50 ms

        asked = request.timezone if isinstance(request, CommandRequest) else None
        crons = to_bmll(str(request.schedule), asked or self._config.cron_timezone)
        return [
            Trigger(f"{self._config.name_prefix}-{number}", cron=cron)
            for number, cron in enumerate(crons, 1)
        ]

    def _on_conflict(self, request: LaunchRequest | CommandRequest) -> OnConflict:
        replaces = isinstance(request, CommandRequest) and request.replace
        return "overwrite" if replaces else self._config.on_name_conflict

    def _schedule(self, job_id: str, submit_id: str) -> InstalledSchedule:
        if self._gateway.get_job(job_id) is None:
            raise UsageError(
                f"BMLL knows no job {job_id}",
                remedy="it was uninstalled; see `beaf job list`",
            )
        return InstalledSchedule(self._gateway, self._config, job_id, submit_id)


def _opened(config: Config | None) -> Launcher:
    from beaf_bmll.sdk import connect

    config = config or Config()
    return Launcher(connect(config), config)
