"""How much trades against hidden reserves? The module `iceberg`: icebergs, their peaks, tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from beaf_analytics.iceberg.catalogue import catalogue
from beaf_analytics.iceberg.executions import executions_table
from beaf_analytics.iceberg.measures import asked, iceberg_measures, identities
from beaf_analytics.iceberg.options import IcebergOptions
from beaf_analytics.iceberg.peaks import ICEBERGS, icebergs_table
from beaf_analytics.iceberg.tags import tagged_trades_table
from beaf_core import AnalyticsModule, Context, Measure, ProvidedTable, hookimpl

_KEYS = ("ListingId", "TimeBucket")


def measures(options: IcebergOptions) -> Sequence[Measure]:
    """List the measures that the options ask for; none where the module is switched off."""
    return iceberg_measures(options) if options.ENABLED else []


def provides(options: IcebergOptions) -> Sequence[ProvidedTable]:
    """Make the executions of the book, the icebergs among them, and trades with their tags."""
    if not options.ENABLED:
        return []
    tags = [tagged_trades_table(options)] if options.tag_trades else []
    return [executions_table(options), icebergs_table(options), *tags]


def reads(options: IcebergOptions) -> Mapping[str, tuple[str, ...]]:
    """Name the columns from which peaks are counted."""
    roots = {name for each in _peak_counts(options) for name in each[1].meta.root_names()}
    return {ICEBERGS: ("IcebergId", *sorted(roots))} if roots else {}


def count_peaks(context: Context, options: IcebergOptions) -> pl.LazyFrame:
    """Take the highest peak of each iceberg in the bucket, and then the mean over icebergs.

    No aggregation says it: which execution is an iceberg's last one in a bucket depends on the
    bucket. These are the executions of icebergs alone.
    """
    counts = _peak_counts(options)
    highest = [peak.max().alias(name) for name, peak in counts]
    rows = context.tables[ICEBERGS].group_by(*_KEYS, "TradeDate", "IcebergId").agg(highest)
    return rows.group_by(_KEYS).agg(pl.col(name).mean() for name, _ in counts)


def _peak_counts(options: IcebergOptions) -> list[tuple[str, pl.Expr]]:
    """Name the columns that count peaks, each with the peaks that it looks at."""
    if not options.ENABLED:
        return []
    number = pl.col("PeakNumber")
    return [
        (each.name, number if each.where is None else pl.when(each.where).then(number))
        for each in asked(options)
        if each.word == "AveragePeakCount"
    ]


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="iceberg",
        measures=measures,
        doc="Executions of icebergs, the peaks that they reveal, and trades tagged with them",
        Config=IcebergOptions,
        provides=provides,
        identities=identities,
        catalogue=catalogue,
        compute=count_peaks,
        reads=reads,
    )
