"""What is to start when: as it was typed, or as a pipeline's SCHEDULES have it?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from beaf_core import AskedPipeline, DatePartition, UsageError, did_you_mean

if TYPE_CHECKING:
    from beaf_core import ScheduleConfig, SchedulePartitionSelector


@dataclass(frozen=True, slots=True)
class Start:
    """A pipeline, and when it starts: one of `cron` and `when` is given.

    Attributes:
        asked: the pipeline, its universe and dates.
        cron: five fields, or six of BMLL's.
        timezone: of the cron; None is BMLL_JOBS.cron_timezone.
        when: data that start it.
        schedule: the name of the schedule that says so; None where a person typed it.
        number: of the partition of that schedule, from 1.
    """

    asked: AskedPipeline
    cron: str | None
    timezone: str | None = None
    when: str | None = None
    schedule: str | None = None
    number: int = 1

    def __post_init__(self) -> None:
        if (self.cron is None) != (self.when is None):
            return
        both = self.cron is not None
        raise UsageError(
            "--cron and --when both say when it starts" if both else "nothing says when it starts",
            remedy='give one of them: --cron "0 6 * * MON-FRI" --timezone Europe/London, '
            "--when l3=XLON,XPAR, or --schedule NAME of the pipeline's SCHEDULES",
        )

    def named(self, chosen: str | None, default: str) -> str:
        """Name the job: as a person chose, or after the schedule as well where there is one."""
        named = chosen or (f"{default}_{self.schedule}" if self.schedule else default)
        return f"{named}_{self.number}" if self.number > 1 else named


def starts_of(asked: AskedPipeline, schedule: str) -> list[Start]:
    """List what a schedule of the pipeline's SCHEDULES starts: one for each of its partitions.

    Raises:
        ConfigError, PluginError: the pipeline cannot be read.
        UsageError: it has no such schedule, or what a schedule says was typed as well.
    """
    if asked.date or asked.start_date or asked.end_date or asked.universe:
        raise UsageError(
            "a schedule of the pipeline says which days, and which universe",
            remedy="leave --date and --universe out, or --schedule",
        )
    found = _schedule(asked, schedule)
    return list(_starts(asked, found))


def _schedule(asked: AskedPipeline, name: str) -> ScheduleConfig:
    known = {each.name: each for each in asked.prepare().resolved.config.SCHEDULES}
    if name not in known:
        raise UsageError(
            f'{asked.path} has no schedule "{name}"{did_you_mean(name, known)}',
            remedy=f"take one of {', '.join(known)}" if known else "write it into SCHEDULES",
        )
    return known[name]


def _starts(asked: AskedPipeline, schedule: ScheduleConfig) -> Iterator[Start]:
    if not schedule.partitions:
        yield Start(asked, schedule.cron, schedule.timezone, schedule=schedule.name)
    for number, each in enumerate(schedule.partitions, 1):
        of_partition = _of(asked, each)
        yield Start(
            of_partition,
            schedule.cron,
            schedule.timezone,
            schedule=schedule.name,
            number=number,
        )


def _of(asked: AskedPipeline, selector: SchedulePartitionSelector) -> AskedPipeline:
    from beaf_bmll.cron import is_relative

    asked = replace(asked, universe=selector.universe)
    if is_relative(selector.date):
        return replace(asked, date=selector.date)
    dates = DatePartition(selector.date)
    return replace(asked, start_date=dates.start_date, end_date=dates.end_date)
