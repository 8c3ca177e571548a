"""Which job is a pipeline that comes back: when does it start, and is it installed already?"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from beaf_bmll.config import Config
from beaf_bmll.cron import day_of, is_six, to_bmll, zone
from beaf_bmll.gateway import Job, JobGateway, JobSpec, Trigger
from beaf_bmll.runner.entry import SCHEDULE
from beaf_bmll.schedules import OnConflict, Schedules
from beaf_bmll.sdk import check_kind
from beaf_bmll.specs import spec_of
from beaf_bmll.staging import Schedule, Staged, prepare, stage
from beaf_bmll.submit import submit_id_of
from beaf_core import LaunchRequest, UsageError, did_you_mean

#: The parameter that tells whether a job is what would be installed now.
FINGERPRINT = "beaf_installed"

Outcome = Literal["installed", "unchanged", "replaced", "kept"]

_NAME = re.compile(r"[0-9A-Za-z][\w.=+-]{0,99}", re.ASCII)
_WHEN = re.compile(r"(\w+)=([0-9A-Z]{4}(?:,[0-9A-Z]{4})*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Plan:
    """A pipeline that is to come back.

    Attributes:
        name: by which it is known; two of one name are one.
        request: what is run each time.
        schedule: when, and for which day.
        triggers: what the vendor is told of that.
        config: the machine.
    """

    name: str
    request: LaunchRequest
    schedule: Schedule
    triggers: tuple[Trigger, ...]
    config: Config

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise UsageError(
                f"a schedule cannot be called {self.name!r}",
                remedy="use letters, digits, and _ . = + -, at most a hundred",
            )

    @property
    def fingerprint(self) -> str:
        """A digest of all that is installed, but for the moment at which it is."""
        timeless = replace(self, schedule=replace(self.schedule, since=None))
        spec, logs_below = timeless.spec_of(timeless.prepared())
        told = [asdict(spec), logs_below, [asdict(each) for each in self.triggers]]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]

    def prepared(self) -> Staged:
        """Say what lies in the area then, and put nothing there.

        Raises:
            UsageError: the request cannot travel.
        """
        return prepare(self.request, self.config, schedule=self.schedule)

    def spec_of(self, staged: Staged) -> tuple[JobSpec, str | None]:
        """Describe the job, and below which folder it keeps its logs."""
        return spec_of(self.request, staged, self.config, name=self.name)

    def marked(self, staged: Staged) -> tuple[JobSpec, str | None]:
        """Describe the job by which this installation is recognised."""
        spec, logs_below = self.spec_of(staged)
        parameters = {**spec.parameters, FINGERPRINT: self.fingerprint}
        return replace(spec, parameters=parameters), logs_below


@dataclass(frozen=True, slots=True)
class Installed:
    """What has come of a plan: the job, and what else happened, for people."""

    outcome: Outcome
    job: Job
    notes: tuple[str, ...]


def cron_triggers(cron: str, timezone: str, config: Config) -> tuple[Trigger, ...]:
    """Say by which triggers a cron starts a job.

    Raises:
        UsageError: there is no such cron or zone, or BMLL cannot say it.
    """
    kind = config.cron_format
    if (kind == "dagster" and is_six(cron)) or (kind == "bmll" and not is_six(cron)):
        told = {"dagster": "five", "bmll": "six"}[kind]
        raise UsageError(
            f'BMLL_JOBS.cron_format is {kind}: "{cron}" should have {told} fields',
            remedy="write it so, or set BMLL_JOBS.cron_format: auto",
        )
    crons = to_bmll(cron, timezone)
    return tuple(
        Trigger(f"{config.name_prefix}-{number}", cron=each) for number, each in enumerate(crons, 1)
    )


def data_trigger(when: str, config: Config) -> Trigger:
    """Say by which trigger data that arrives starts a job: `l3=XLON,XPAR`.

    Raises:
        UsageError: it is not written so, or there are no such data.
    """
    found = _WHEN.fullmatch(when)
    if found is None:
        raise UsageError(
            f"--when {when} does not say which data, of which markets",
            remedy="write l3=XLON,XPAR, or a data set: MarketDataTrades=XLON",
        )
    kind = "l3" if found[1].lower() == "l3" else found[1]
    markets = tuple(dict.fromkeys(found[2].split(",")))
    trigger = Trigger(f"{config.name_prefix}-1", availability=(kind, markets))
    check_kind(trigger)
    return trigger


def schedule_of(cron: str | None, timezone: str, date: str | None) -> Schedule:
    """Say what the machine has to know of a schedule that is installed now.

    Raises:
        UsageError: there is no such zone.
    """
    zone(timezone)
    since = datetime.now(UTC).isoformat(timespec="milliseconds")
    return Schedule(cron, timezone, date, since)


def install(plan: Plan, gateway: JobGateway) -> Installed:
    """Make a job of a plan; what is there already stays as it is.

    Raises:
        UsageError: another one has its name, the vendor knows no such data, or the request cannot
            travel.
        BMLLError: it could not be made; nothing of it stays.
        ResourceError: the area cannot be written.
    """
    schedules = Schedules(gateway, plan.config)
    outcome, job = _install(plan, schedules, gateway)
    return Installed(outcome, job, tuple(schedules.notes))


def _install(plan: Plan, schedules: Schedules, gateway: JobGateway) -> tuple[Outcome, Job]:
    before = schedules.named(plan.name)
    alike = [each for each in before if each.parameters.get(FINGERPRINT) == plan.fingerprint]
    if len(before) == 1 and alike and _starts(alike[0].triggers) == _starts(plan.triggers):
        return "unchanged", alike[0]
    cut_off = bool(alike) and len(alike) == len(
        before
    )  # whoever installed the same had not finished
    wanted: OnConflict = "overwrite" if cut_off else plan.config.on_name_conflict
    if before and wanted == "reuse":
        return "kept", before[-1]
    if before and wanted == "fail":
        raise _is_another(plan, before[-1])
    for each in plan.triggers:
        _check_markets(each, gateway)
    staged = stage(plan.request, plan.config, schedule=plan.schedule)
    spec, logs_below = plan.marked(staged)
    job = schedules.install(
        plan.name, spec, plan.triggers, logs_below=logs_below, on_conflict=wanted
    )
    return ("replaced" if before else "installed"), job


def _is_another(plan: Plan, job: Job) -> UsageError:
    return UsageError(
        f"{plan.name} is installed already, and not as it is asked for now: job {job.id}",
        remedy="--on_name_conflict overwrite puts this in its place, and reuse leaves it; or give "
        "this one another --name",
    )


def installed(gateway: JobGateway) -> Iterator[Job]:
    """List the jobs of ours that come back, or were to."""
    return (each for each in gateway.jobs() if each.submit_id and SCHEDULE in each.parameters)


def is_called(job: Job, word: str) -> bool:
    """Whether a word is a job's name, its id, or the name that it was installed by."""
    return word in (job.id, job.name) or job.submit_id == submit_id_of(word)


def _check_markets(trigger: Trigger, gateway: JobGateway) -> None:
    """Refuse markets that nobody knows: their data would never be there."""
    if trigger.availability is None:
        return
    known = gateway.markets(day_of("-1bd", datetime.now(UTC), "UTC"))
    unknown = [each for each in trigger.availability[1] if each not in known]
    if known and unknown:  # on a holiday none is told
        raise UsageError(
            f"BMLL knows no market {', '.join(unknown)}{did_you_mean(unknown[0], known)}",
            remedy="name markets by their MIC: --when l3=XLON,XPAR",
        )


def _starts(triggers: tuple[Trigger, ...]) -> set[tuple[object, ...]]:
    """Take what the vendor adds away from triggers."""
    return {
        (each.cron, each.availability and (each.availability[0], *sorted(each.availability[1])))
        for each in triggers
    }
