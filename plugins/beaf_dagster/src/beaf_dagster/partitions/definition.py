"""Which partitions does a pipeline have?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg

from beaf_core import BatchFrequency, UsageError, prepare_pipeline
from beaf_dagster.partitions.asked import values_of
from beaf_dagster.partitions.budget import PartitionBudget, partition_budget
from beaf_dagster.partitions.dates import FIRST_DAY, build_date_partitions
from beaf_dagster.partitions.keys import DATE, UNIVERSE
from beaf_dagster.partitions.universes import (
    UniverseLike,
    first_universe,
    listed_universes,
    universe_keys,
)
from beaf_universes import default_universes

if TYPE_CHECKING:
    from beaf_core import AnalyticsConfig
    from beaf_dagster.pipelines import Pipeline


def partitions_of(
    pipeline: Pipeline,
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
    *,
    universes: Iterable[UniverseLike] | None = None,
    frequency: BatchFrequency | str | None = None,
    start: str | None = None,
    dynamic: str | None = None,
    allow_large_partitions: bool = False,
) -> dg.MultiPartitionsDefinition:
    """Give a pipeline's partitions: its universes × dates by its BATCH_FREQ, days by default.

    Dates begin on 2015-01-01, or on an earlier START_DATE. Weekends are partitions unless somebody
    has set EXCLUDE_WEEKENDS.

    Args:
        pipeline: whose.
        universe_dim: the name of the dimension of universes.
        date_dim: the name of the dimension of dates.
        universes: what comes after its first universe, in place of the others.
        frequency: how its dates are cut, in place of BATCH_FREQ.
        start: its first day.
        dynamic: the name of a dynamic dimension of universes, whose keys stand in the instance.
        allow_large_partitions: whether a million partitions or more are meant.

    Raises:
        BeafError: a pipeline without universes, or whose source cannot be asked for them.
    """
    config = pipeline.config
    cut = frequency or frequency_of(pipeline)
    days_alone = cut == BatchFrequency.DAY
    return build_partitions(
        None if dynamic else _universes(pipeline, universes),
        cut,
        start or min(filter(None, (FIRST_DAY, config.START_DATE))),
        weekends=not (days_alone and _is_set(config, "EXCLUDE_WEEKENDS")),
        unfinished=_needs_unfinished(config),
        universe_dim=universe_dim,
        date_dim=date_dim,
        dynamic=dynamic,
        allow_large_partitions=allow_large_partitions,
        owner=pipeline.group,
    )


def build_partitions(
    universes: Iterable[UniverseLike] | None = None,
    frequency: BatchFrequency | str = BatchFrequency.DAY,
    start: str | date = FIRST_DAY,
    end: str | date | None = None,
    *,
    weekends: bool = True,
    holidays: Iterable[str | date] = (),
    calendar: str | None = None,
    unfinished: bool = False,
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
    dynamic: str | None = None,
    allow_large_partitions: bool = False,
    owner: str = "partitions",
) -> dg.MultiPartitionsDefinition:
    """Make partitions of universe × date.

    Args:
        universes: structured universes or selectors; None for every venue of the source that the
            nearest `beaf.yaml` configures, or, of a dynamic dimension, for those in the instance.
        frequency: how dates are cut; this and what follows as in `build_date_partitions`.
        start: the first day.
        end: the last day, included; None for windows without end.
        weekends: whether Saturdays and Sundays are partitions.
        holidays: days that are no partitions.
        calendar: an exchange whose sessions alone are partitions.
        unfinished: whether the window that holds today is a partition as well.
        universe_dim: the name of the dimension of universes.
        date_dim: the name of the dimension of dates.
        dynamic: the name of a dynamic dimension of universes; `add_universes` adds their keys to
            an instance.
        allow_large_partitions: whether a million partitions or more are meant.
        owner: whose partitions they are, in messages.

    Raises:
        UsageError: no universe, one that cannot be a key, or too many partitions.
    """
    dates = build_date_partitions(
        frequency, start, end, weekends, holidays, calendar, unfinished=unfinished
    )
    keys = _listed(universes, dynamic)
    of_universes = _fixed(keys, owner) if dynamic is None else _dynamic(dynamic)
    definition = dg.MultiPartitionsDefinition({universe_dim: of_universes, date_dim: dates})
    budget = PartitionBudget(len(keys) if keys else None, dates.get_num_partitions())
    budget.check(owner, allow_large_partitions=allow_large_partitions)
    return definition


def add_universes(
    instance: dg.DagsterInstance,
    definition: dg.MultiPartitionsDefinition,
    universes: Iterable[UniverseLike],
    universe_dim: str = UNIVERSE,
    date_dim: str = DATE,
    *,
    allow_large_partitions: bool = False,
) -> list[str]:
    """Add universes to an instance, where the definition's are dynamic.

    Returns:
        The keys that were not there before.

    Raises:
        UsageError: the definition's universes are not dynamic, one cannot be a key, or there would
            be too many partitions; nothing is added then.
    """
    dynamic = definition.get_partitions_def_for_dimension(universe_dim)
    if not isinstance(dynamic, dg.DynamicPartitionsDefinition) or dynamic.name is None:
        raise UsageError(
            f"the universes of this definition are fixed: {universe_dim} is a "
            f"{type(dynamic).__name__}",
            remedy="make it with build_partitions(dynamic='beaf_universe'), or list more universes",
        )
    standing = set(instance.get_dynamic_partitions(dynamic.name))
    new = [each for each in listed_universes(universes) if each not in standing]
    windows = partition_budget(definition, date_dim, instance=instance).windows
    PartitionBudget(len(standing) + len(new), windows).check(
        dynamic.name, allow_large_partitions=allow_large_partitions
    )
    instance.add_dynamic_partitions(dynamic.name, new)
    return new


def frequency_of(pipeline: Pipeline) -> BatchFrequency:
    """Say how a pipeline's dates are cut: BATCH_FREQ where somebody has set it, else into days.

    The default of BATCH_FREQ cuts ranges that people type; a partition that is clicked is a day.
    """
    config = pipeline.config
    if "BATCH_FREQ" in config.model_fields_set and config.BATCH_FREQ is not None:
        return config.BATCH_FREQ
    return BatchFrequency.DAY


def _universes(pipeline: Pipeline, universes: Iterable[UniverseLike] | None) -> list[str]:
    """List a pipeline's universes; its first stays first, since schedules begin with it."""
    if universes is None:
        return universe_keys(pipeline)
    given = listed_universes(universes, values_of(pipeline.ready))
    return list(dict.fromkeys([first_universe(pipeline), *given]))


def _fixed(keys: list[str], owner: str) -> dg.PartitionsDefinition[str]:
    if not keys:
        raise UsageError(
            f"{owner}: there is no universe, so there would be no partition",
            remedy="list some, for example universes=['mic=XLON']",
        )
    try:
        return dg.StaticPartitionsDefinition(keys)
    except dg.DagsterInvalidDefinitionError as error:  # Dagster keeps "..." for ranges
        raise UsageError(
            f"{owner}: a universe cannot be a partition key of Dagster: {error}",
            remedy="name the universe, or the file of its listings, otherwise",
        ) from error


def _dynamic(name: str) -> dg.PartitionsDefinition[str]:
    return dg.DynamicPartitionsDefinition(name=name)


def _listed(universes: Iterable[UniverseLike] | None, dynamic: str | None) -> list[str]:
    if universes is not None:
        return listed_universes(universes)
    if dynamic is not None:
        return []
    project = prepare_pipeline({}, needs_passes=False)
    return listed_universes(default_universes(), values_of(project))


def _is_set(config: AnalyticsConfig, name: str) -> bool:
    """Whether somebody has set a flag, in any layer of the configuration."""
    return name in config.model_fields_set and bool(getattr(config, name))


def _needs_unfinished(config: AnalyticsConfig) -> bool:
    """Say whether a schedule asks for a day that has not ended in UTC when it runs.

    It asks for `today`; or it runs where clocks are ahead, so early that yesterday is not over.
    """
    enabled = [each for each in config.SCHEDULES if each.enabled]
    asks_today = any(part.date == "today" for each in enabled for part in each.partitions)
    return asks_today or any(
        _runs_before_utc_midnight(each.cron, each.timezone) for each in enabled
    )


def _runs_before_utc_midnight(cron: str, zone: str) -> bool:
    hour = cron.split()[1]
    earliest = timedelta(hours=int(hour) if hour.isdigit() else 0)
    year = datetime.now(UTC).year
    moments = [datetime(year, month, 1, tzinfo=ZoneInfo(zone)) for month in (1, 7)]
    return any(earliest < (each.utcoffset() or timedelta()) for each in moments)
