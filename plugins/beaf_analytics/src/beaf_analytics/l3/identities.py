"""What holds between the columns of order messages, as far as a pass has them?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from beaf_analytics.l3.asked import columns as advanced_columns
from beaf_analytics.l3.generic import columns as generic_columns
from beaf_analytics.l3.options import L3Options
from beaf_core import Identity

_SIDES = ("Bid", "Ask", "Total")

#: Action, measure and side, or variant and side → column.
Columns = Mapping[tuple[str, ...], str]


def identities(options: L3Options) -> list[Identity]:
    """List what must hold between the columns that the options ask for."""
    if not options.ENABLED:
        return []
    return [each for group in _by_market_states(options) for each in _of(group)]


def _of(columns: Columns) -> Iterator[Identity]:
    for side in _SIDES:
        yield from _ends(columns, side)
        yield from _shares(columns, side)
    actions = dict.fromkeys(key[0] for key in columns if len(key) == 3)
    for action in actions:
        yield from _sides(columns, action)


def _ends(columns: Columns, side: str) -> Iterator[Identity]:
    """Tell that an order that ends is either cancelled or filled."""
    names = [columns.get((word, "Count", side)) for word in ("Cancel", "FullFill", "Remove")]
    if all(names):
        cancelled, filled, ends = (pl.col(str(name)) for name in names)
        told = "{} + {} = {}".format(*names)
        yield Identity(told, cancelled + filled == ends)


def _shares(columns: Columns, side: str) -> Iterator[Identity]:
    names = [columns.get((word, side)) for word in ("CancelShare", "ExecutionShare")]
    if all(names):
        cancelled, filled = (pl.col(str(name)) for name in names)
        told = "{} + {} = 1".format(*names)
        yield Identity(told, (cancelled + filled).is_close(1))


def _sides(columns: Columns, action: str) -> Iterator[Identity]:
    """Tell that the sides are no more than the total; a message may have no side."""
    names = [columns.get((action, "Count", side)) for side in _SIDES]
    if all(names):
        bid, ask, total = (pl.col(str(name)) for name in names)
        told = "{} + {} ≤ {}".format(*names)
        yield Identity(told, bid + ask <= total)


def _by_market_states(options: L3Options) -> list[Columns]:
    """Group the columns that look at the same messages."""
    groups: dict[tuple[str, ...], dict[tuple[str, ...], str]] = {}
    for metric in options.generic:
        group = groups.setdefault(tuple(sorted(metric.market_states or ())), {})
        for each in generic_columns(metric):
            if each.word == "Sum":
                name = each.name(metric, options.metric_prefix)
                group[each.action, each.measure, each.side] = name
    for asked in options.advanced_metrics:
        group = groups.setdefault(tuple(sorted(asked.market_states or ())), {})
        for column in advanced_columns(asked, options.order_ids, options.metric_prefix):
            group[column.variant, column.side] = column.name
    return list(groups.values())
