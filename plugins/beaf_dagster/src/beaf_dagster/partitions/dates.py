"""Into which windows are dates cut, and what are these called?"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import dagster as dg

from beaf_core import BatchFrequency, DatePartition, UsageError

#: Where dates begin unless a pipeline begins earlier.
FIRST_DAY = "2015-01-01"

_FORMAT = "%Y-%m-%d"
#: Frequency → the cron expression whose ticks are the edges of windows.
_CRONS = {
    BatchFrequency.DAY: "0 0 * * *",
    BatchFrequency.WEEK: "0 0 * * 1",
    BatchFrequency.MONTH: "0 0 1 * *",
    BatchFrequency.QUARTER: "0 0 1 */3 *",
    BatchFrequency.YEAR: "0 0 1 1 *",
}


def build_date_partitions(
    frequency: BatchFrequency | str = BatchFrequency.DAY, start: str = FIRST_DAY
) -> dg.PartitionsDefinition[str]:
    """Cut the days from `start` on into windows, as BATCH_FREQ does."""
    chosen = BatchFrequency(frequency)
    if chosen not in _CRONS:
        raise UsageError(f"BATCH_FREQ {chosen} is to come", remedy="use another")
    return dg.TimeWindowPartitionsDefinition(
        start=datetime.strptime(start, _FORMAT), fmt=_FORMAT, cron_schedule=_CRONS[chosen]
    )


def dates_of(definition: dg.PartitionsDefinition[str], key: str) -> DatePartition:
    """Read the days of a date key: the definition's own window, or the range that the key spells.

    Raises:
        UsageError: a key that is neither.
    """
    if isinstance(definition, dg.TimeWindowPartitionsDefinition):
        window = definition.time_window_for_partition_key(key)
        last = window.end.date() - timedelta(days=1)
        return DatePartition(window.start.date().isoformat(), last.isoformat())
    return DatePartition(key)


def date_key(definition: dg.PartitionsDefinition[str], day: date) -> str:
    """Name the window that holds a day."""
    if isinstance(definition, dg.TimeWindowPartitionsDefinition):
        at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        window = definition.get_prev_partition_window(at + timedelta(days=1))
        assert window is not None
        return window.start.strftime(_FORMAT)
    raise UsageError("to come")
