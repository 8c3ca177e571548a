"""Which columns does a user define by an expression? The module `metrics`.

Its section is enough: a pass with `metrics:` has the module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from beaf_analytics.custom.columns import DIRECTION, SIDES
from beaf_analytics.custom.options import Metric, Metrics
from beaf_core import AnalyticsModule, Example, Measure, hookimpl

NAME = "metrics"


def measures(options: Metrics) -> list[Measure]:
    """List the measures that the expressions stand for."""
    if not options.ENABLED:
        return []
    return [_measure(each, options.metric_prefix) for each in options.metrics]


def _measure(metric: Metric, prefix: str) -> Measure:
    found = metric.translated()
    parts = list(found.aggregations)
    alone = found.plain is not None and len(parts) == 1
    return Measure(
        name=prefix + metric.name,
        table=metric.table,
        # One aggregation alone is a plain measure: a sum of nothing is zero.
        value=found.aggregations[parts[0]] if alone else found.aggregations,
        post=None if alone else found.value.expr,
        unit=metric.unit,
        doc=metric.doc or f"{_formula(metric)}, over rows of {metric.table}.",
        formula=_formula(metric),
        reaggregation=metric.reagg or (found.plain.rule if found.plain else "none"),
    )


def _formula(metric: Metric) -> str:
    text = " ".join(metric.expr.split())
    given = "".join(f", {name} = {_shown(value)}" for name, value in metric.params.items())
    return text + (f" where {' '.join(metric.where.split())}" if metric.where else "") + given


def _shown(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)


# -- tests -------------------------------------------------------------------------------------


def examples(options: Metrics) -> list[Example]:
    """List what the metrics' tests expect."""
    return list(_examples(options))


def _examples(options: Metrics) -> Iterator[Example]:
    for index, metric in enumerate(options.metrics):
        for number, test in enumerate(metric.tests):
            named = {name for row in test.rows for name in row}
            yield Example(
                measure=_measure(metric.over_rows_with(named), options.metric_prefix),
                rows={metric.table: [_with_sides(row, metric.table) for row in test.rows]},
                expect=test.expect,
                at=(index, "tests", number),
            )


def _with_sides(row: Mapping[str, Any], table: str) -> dict[str, Any]:
    """Replace a direction by the code that the table has for it."""
    if DIRECTION not in row or table not in SIDES:
        return dict(row)
    code = {1: 1, -1: 2}.get(row[DIRECTION])
    return {**{name: each for name, each in row.items() if name != DIRECTION}, SIDES[table]: code}


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name=NAME,
        measures=measures,
        doc="Columns by an expression, written in the pipeline's YAML",
        Config=Metrics,
        config_key=NAME,
        examples=examples,
    )
