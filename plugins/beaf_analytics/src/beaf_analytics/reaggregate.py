"""What do the measures of listings come to over an index, or any other group? Module `reaggregate`.

How a column of many listings becomes one number is said by the re-aggregation rule that its measure
declares, never by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import polars as pl
from pydantic import Field, PrivateAttr, model_validator

from beaf_analytics.measures.expressions import ratio
from beaf_analytics.measures.source import (
    BUCKET,
    LISTING,
    SOURCE,
    TRADE_DATE,
    SecondPassOptions,
    check_resample_rule,
    number_names,
    require_numbers,
)
from beaf_core import (
    AnalyticsModule,
    Context,
    Measure,
    SourcePass,
    UsageError,
    did_you_mean,
    hookimpl,
)

Rule = Literal["sum", "wmean", "mean", "median", "min", "max"]

#: The input table that says which listing is in which index, and its column.
_MEMBERSHIP, _INDEX = "membership", "Index"
_GROUP, _LINK = "__group", "__link"

_MEANINGS: Mapping[Rule, str] = {
    "sum": "summed over the members",
    "wmean": "mean of the members, weighted by {weight}",
    "mean": "mean of the members, each row counted once",
    "median": "median of the members",
    "min": "smallest of the members",
    "max": "largest of the members",
}


class ReaggregateOptions(SecondPassOptions):
    """Options of the section `reaggregate_analytics`."""

    columns: list[str] | None = Field(
        None, description="Columns of the source pass; all that are numbers if not given."
    )
    rules: dict[str, Rule] = Field(
        default_factory=dict,
        description="Column → sum, wmean, mean, median, min or max, in place of the rule that "
        "follows from its measure.",
    )
    weight_col: str = Field(
        "TradeTotalNotionalEUR", description="Column of the source pass with the weights of wmean."
    )
    group_column: str = Field("IndexId", description="What the group is called in the output.")
    group_by: list[str] = Field(
        default=["IndexId", BUCKET],
        description="What tells the rows apart: group_column, with TimeBucket or without, and "
        "columns that the source pass carries, such as MIC or CurrencyCode.",
    )
    join_column: str = Field(
        LISTING,
        description="What members are known by: ListingId, or a column of the universe such as "
        "InstrumentId, so that all listings of a member's instrument count.",
    )
    group_df_pass: str | None = Field(
        None,
        description="An earlier pass whose rows say who is in which group, in a column called as "
        "group_column; the input table membership if not given.",
    )
    group_df_context_key: str | None = Field(
        None,
        description="A name for the table of members with a column called as group_column, which "
        "module_inputs binds to a pass or table.",
    )
    resample_rule: str | None = Field(
        None,
        description="Older files name the width of the buckets, such as 5m; it must be the pass's "
        "own time_bucket_seconds.",
    )
    _known: dict[str, Measure] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _groups_fit(self) -> ReaggregateOptions:
        if "group_by" not in self.model_fields_set:
            self.group_by = [self.group_column, BUCKET]
        if self.group_column not in self.group_by:
            raise ValueError(f"group_by should have the group_column, {self.group_column}")
        if self.group_df_pass and self.group_df_context_key:
            raise ValueError("give group_df_pass or group_df_context_key, not both")
        return self

    @property
    def members(self) -> tuple[str, str]:
        """The table of the members, and its column of groups."""
        if self.group_df_pass:
            return f"pass:{self.group_df_pass}", self.group_column
        if self.group_df_context_key:
            return self.group_df_context_key, self.group_column
        return _MEMBERSHIP, _INDEX

    @property
    def carried(self) -> list[str]:
        """The groups that rows of the source pass carry themselves."""
        return [each for each in self.group_by if each not in (self.group_column, BUCKET)]

    @property
    def is_weighted(self) -> bool:
        """Whether any column is a weighted mean."""
        return "wmean" in self.rules.values()


# -- what it yields --------------------------------------------------------------------------------


def from_source(options: ReaggregateOptions, source: SourcePass) -> ReaggregateOptions:
    """Find the rule of each column, and check that the weights are there.

    Raises:
        UsageError: a column or the weights are not among those of the source pass.
    """
    check_resample_rule(options.resample_rule, source)
    known = {each.name: each for each in source.measures}
    columns = number_names(source) if options.columns is None else options.columns
    for name in [*columns, *options.rules]:
        _require(name, known, source)
    columns = list(dict.fromkeys([*columns, *options.rules]))
    rules = {name: options.rules.get(name) or rule_of(known[name]) for name in columns}
    completed = options.model_copy(update={"rules": rules})
    weighted = [name for name, rule in rules.items() if rule == "wmean"]
    if weighted and options.weight_col not in known:
        verb = "becomes a mean" if len(weighted) == 1 else "become means"
        raise UsageError(
            f"{', '.join(weighted)} {verb} weighted by {options.weight_col}, which the "
            f'pass "{source.name}" does not yield{did_you_mean(options.weight_col, known)}',
            remedy="let that pass yield it (NotionalEUR of the module trade), name another "
            "weight_col, or give the columns rules of their own",
        )
    completed._known = known
    return completed


def _require(name: str, known: Mapping[str, Measure], source: SourcePass) -> None:
    if name not in known:
        raise UsageError(
            f'the pass "{source.name}" yields no column {name}{did_you_mean(name, known)}',
            remedy=f"it yields {', '.join(known)}",
        )


def rule_of(measure: Measure) -> Rule:
    """Say how a measure of many listings becomes one number.

    What adds up over time adds up over listings. Extremes stay extremes, unless they are amounts in
    each listing's own currency, such as High and Low: those have no common scale. Everything else
    is a level of each listing (prices, ratios, means, first and last values): its mean, weighted.
    """
    rule = measure.reaggregation
    if rule == "sum":
        return "sum"
    if rule in ("min", "max") and measure.unit != "ccy":
        return "min" if rule == "min" else "max"
    return "wmean"


def measures(options: ReaggregateOptions) -> list[Measure]:
    """List the columns that the rules ask for."""
    if not options.ENABLED:
        return []
    return [_measure(name, rule, options) for name, rule in options.rules.items()]


def _measure(name: str, rule: Rule, options: ReaggregateOptions) -> Measure:
    known, weight = options._known.get(name), options.weight_col
    meaning = _MEANINGS[rule].format(weight=weight)
    return Measure(
        name=f"{options.metric_prefix}{name}",
        table=SOURCE,
        value=None,
        unit=known.unit if known and known.unit else "as the source",
        doc=f"{name} of the source pass, {meaning} of the group.",
        formula=f"Σ x·w / Σ w, x = {name}, w = {weight} > 0"
        if rule == "wmean"
        else f"{rule} of {name}",
        source=known.source if known else "",
        reaggregation=_combining(rule, options),
    )


def _combining(rule: Rule, options: ReaggregateOptions) -> str:
    """Say how the buckets of a group combine into a longer one."""
    if rule == "wmean" and options.rules.get(options.weight_col) == "sum":
        return f"vw:{options.metric_prefix}{options.weight_col}"
    return rule if rule in ("sum", "min", "max") else "none"


def reads(options: ReaggregateOptions) -> dict[str, tuple[str, ...]]:
    """Name the columns of the source pass, and those that tell the members."""
    columns = [*options.rules, *(each for each in options.carried if each != TRADE_DATE)]
    columns += [options.weight_col] if options.is_weighted else []
    table, group = options.members
    return {SOURCE: tuple(dict.fromkeys(columns)), table: (group,)}


def keys(options: ReaggregateOptions) -> tuple[str, ...]:
    """Tell rows apart by the groups."""
    return tuple(options.group_by)


# -- how it computes -------------------------------------------------------------------------------


def compute(context: Context, options: ReaggregateOptions) -> pl.LazyFrame:
    """Put the rows of the members of each group together."""
    rows = context.tables[SOURCE]
    weights = [options.weight_col] if options.is_weighted else []
    require_numbers("reaggregate", rows, [*options.rules, *weights])
    joined = _linked(rows, context, options).join(
        _members(context, options), on=[_LINK, TRADE_DATE]
    )
    groups = [
        pl.col(_GROUP if name == options.group_column else name).alias(name)
        for name in options.group_by
    ]
    there = pl.all_horizontal(pl.col(name).is_not_null() for name in [_GROUP, *options.carried])
    return (
        joined.filter(there)
        .group_by(groups)
        .agg(
            _value(name, rule, options.weight_col).alias(f"{options.metric_prefix}{name}")
            for name, rule in options.rules.items()
        )
    )


def _members(context: Context, options: ReaggregateOptions) -> pl.LazyFrame:
    """Say which members each group has on each trade date, each once."""
    table, group = options.members
    linked = _linked(context.tables[table], context, options)
    return linked.select(_LINK, TRADE_DATE, pl.col(group).alias(_GROUP)).unique()


def _linked(rows: pl.LazyFrame, context: Context, options: ReaggregateOptions) -> pl.LazyFrame:
    """Attach what members are known by."""
    if options.join_column == LISTING:
        return rows.with_columns(pl.col(LISTING).alias(_LINK))
    known = context.listings
    if options.join_column not in known.columns:
        raise UsageError(
            f"join_column is {options.join_column}, which the universe does not have"
            f"{did_you_mean(options.join_column, known.columns)}",
            remedy=f"it has {', '.join(known.columns)}",
        )
    link = known.lazy().select(LISTING, pl.col(options.join_column).alias(_LINK))
    return rows.join(link, on=LISTING)


def _value(name: str, rule: Rule, weight: str) -> pl.Expr:
    if rule == "wmean":
        return _weighted(pl.col(name).cast(pl.Float64), pl.col(weight))
    return _PLAIN[rule](pl.col(name))


_PLAIN: Mapping[Rule, Callable[[pl.Expr], pl.Expr]] = {
    "sum": pl.Expr.sum,
    "mean": pl.Expr.mean,
    "median": pl.Expr.median,
    "min": pl.Expr.min,
    "max": pl.Expr.max,
}


def _weighted(value: pl.Expr, weight: pl.Expr) -> pl.Expr:
    """Take the mean by positive weights; what has no value has no weight either."""
    positive = weight.cast(pl.Float64).clip(0)
    return ratio((value * positive).sum(), positive.filter(value.is_not_null()).sum())


@hookimpl
def analytics_module() -> AnalyticsModule:
    """Declare the module."""
    return AnalyticsModule(
        name="reaggregate",
        measures=measures,
        doc="Measures of listings put together over the members of an index or another group",
        Config=ReaggregateOptions,
        compute=compute,
        reads=reads,
        keys=keys,
        from_source=from_source,
    )
