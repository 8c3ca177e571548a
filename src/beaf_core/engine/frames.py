"""What do modules compute from frames at hand, without files, a source or an output?

For a notebook, a worked example, a test: everything between source and output is what a run does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import polars as pl

from beaf_core.config.errors import Place
from beaf_core.config.nodes import from_plain
from beaf_core.config.resolve import resolve
from beaf_core.engine.checks.quality import require_unique_keys
from beaf_core.engine.compiler.bucket import nanoseconds
from beaf_core.engine.compiler.compute import compute
from beaf_core.engine.compiler.keys import LISTING
from beaf_core.engine.planning.earlier import EarlierPass, Piece
from beaf_core.engine.planning.prepare import Preparer, require_ready
from beaf_core.engine.work import PassWork
from beaf_core.model.dates import DayStatus
from beaf_core.model.errors import UsageError
from beaf_core.model.module import RESERVED, AnalyticsModule, Measure
from beaf_core.model.outputs import Receipt
from beaf_core.model.partition import UniversePartition
from beaf_core.model.primitives import PASS_PREFIX
from beaf_core.model.tables import TABLES, TableRead, TableRequest
from beaf_core.plugins.catalog import OWN_FILE, PluginEntry
from beaf_core.plugins.host import PluginHost
from beaf_core.plugins.inline import DEFAULT_UNIVERSE, module_entry, universe_entry
from beaf_core.plugins.markers import hookimpl

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass

#: What the frames' source and output, and the pass that `source` stands for, are called.
_FRAMES, _EARLIER = "frames", "earlier"
_HOME = Path("frames at hand")

Frame = pl.DataFrame | pl.LazyFrame


def compute_frame(
    modules: str | AnalyticsModule | Sequence[str | AnalyticsModule],
    tables: Mapping[str, Frame],
    *,
    source: pl.DataFrame | None = None,
    source_seconds: float | None = None,
    source_rules: Mapping[str, str] = MappingProxyType({}),
    day: date | None = None,
    listings: pl.DataFrame | None = None,
    **fields: Any,
) -> pl.DataFrame:
    """Compute a pass over frames of one trade date, by the engine itself.

    Args:
        modules: the names of installed modules, or modules at hand.
        tables: table → its rows, in the columns of the input tables.
        source: rows of an earlier pass, with ListingId and TimeBucket, for modules that read
            `source`.
        source_seconds: the width of their buckets; that of the pass by default.
        source_rules: column of `source` → how it re-aggregates (`sum`); `none` by default.
        day: the trade date; that of the earliest row by default.
        listings: the universe; by default every ListingId of the tables and of `source`.
        fields: further fields of the pass, and sections of its modules:
            `time_bucket_seconds=300, trade_analytics={…}`; in upper case, of the pipeline:
            `DEFAULT_FFILL=True`.

    Returns:
        The rows that a run would write.

    Raises:
        BeafError: whatever a run would tell.
    """
    given = [modules] if isinstance(modules, str | AnalyticsModule) else list(modules)
    named = [each if isinstance(each, str) else each.name for each in given]
    own = [each for each in given if isinstance(each, AnalyticsModule)]
    known = {**tables} if source is None else {**tables, f"{PASS_PREFIX}{_EARLIER}": source}
    of_day = _first_day(known) if day is None else day
    universe = _listings(known.values()) if listings is None else listings
    earlier = [] if source is None else [_given(source, source_rules)]
    host = _host(tables, universe, [*own, *earlier])
    config = _config(named, source, source_seconds, fields)
    pipeline = resolve(from_plain(config, Place("frames at hand", str(_HOME))), _HOME, host)
    resolved = pipeline.passes[-1]
    plan = Preparer(host, pipeline).day_plan(
        resolved,
        UniversePartition(DEFAULT_UNIVERSE),
        of_day,
        _earlier(pipeline.passes, source, of_day),
    )
    require_ready([plan], allow_missing=False)
    if plan.status is DayStatus.CLOSED:
        raise UsageError("no module of the pass reads any of the tables")
    (frame,) = compute([PassWork(resolved, [plan])])
    require_unique_keys(resolved, frame)
    return frame


def _config(
    modules: Sequence[str],
    source: pl.DataFrame | None,
    source_seconds: float | None,
    fields: Mapping[str, Any],
) -> dict[str, Any]:
    top = {key: value for key, value in fields.items() if key.isupper()}
    inside = {key: value for key, value in fields.items() if key not in top}
    passes: list[dict[str, Any]] = [{"name": "frame", "modules": list(modules), **inside}]
    if source is not None:
        width = {key: value for key, value in fields.items() if key.startswith("time_bucket")}
        width |= {} if source_seconds is None else {"time_bucket_seconds": source_seconds}
        passes = [{"name": _EARLIER, "modules": [_EARLIER], **width}, *passes]
        passes[-1].setdefault("source_pass", _EARLIER)
    return {
        **top,
        "PASSES": passes,
        "SOURCE": {"type": _FRAMES},
        "OUTPUT_TARGET": {"type": _FRAMES, "path_template": "{pass}"},
    }


def _first_day(tables: Mapping[str, Frame]) -> date:
    found = [day for name, frame in tables.items() if (day := _day_of(name, frame))]
    if not found:
        raise UsageError("no table has a row, so its trade date is not known", remedy="give `day`")
    return min(found)


def _day_of(name: str, frame: Frame) -> date | None:
    names = TABLES[name].time if name in TABLES else ("TimeBucket",)
    schema = frame.lazy().collect_schema()
    time = next((each for each in names if each in schema), None)
    if time is None:
        return None  # the engine tells which column it looked for
    moment = nanoseconds(time, schema[time]).min().cast(pl.Datetime("ns")).dt.date()
    found: date | None = frame.lazy().select(moment).collect().item()
    return found


def _listings(frames: Iterable[Frame]) -> pl.DataFrame:
    ids = [each.lazy().select(pl.col(LISTING).cast(pl.Int64)).collect() for each in frames]
    return pl.concat(ids).unique().sort(LISTING).with_columns(MIC=pl.lit("XXXX"))


def _given(source: pl.DataFrame, rules: Mapping[str, str]) -> AnalyticsModule:
    """Stand for the earlier pass: its columns are there, whoever made them."""
    columns = [
        Measure(
            name,
            "trades",
            None,
            unit="" if dtype.is_numeric() else "state",
            doc="",
            formula="",
            reaggregation=rules.get(name, "none"),
        )
        for name, dtype in source.schema.items()
        if name not in RESERVED
    ]
    return AnalyticsModule(_EARLIER, measures=lambda _options: columns)


def _earlier(
    passes: Sequence[ResolvedPass], source: pl.DataFrame | None, day: date
) -> dict[str, EarlierPass]:
    if source is None:
        return {}
    receipt = Receipt(_FRAMES, _FRAMES, source.height, str(day), {})
    piece = Piece(receipt, (day,), source.lazy())
    found = EarlierPass(passes[0].config, [piece], {day: DayStatus.READY})
    return {f"{PASS_PREFIX}{_EARLIER}": found}


# -- plugins at hand ---------------------------------------------------------------------------


def _host(
    tables: Mapping[str, Frame], listings: pl.DataFrame, modules: Iterable[AnalyticsModule]
) -> PluginHost:
    entries = [
        PluginEntry("source", _FRAMES, _FRAMES, OWN_FILE, "", inline=_Source(tables)),
        PluginEntry("output", _FRAMES, _FRAMES, OWN_FILE, "", inline=_NoOutput()),
        universe_entry(lambda _date: listings, str(_HOME)),
        *(module_entry(each, str(_HOME)) for each in modules),
    ]
    return PluginHost().with_inline(entries)


class _Source:
    def __init__(self, tables: Mapping[str, Frame]) -> None:
        self._tables = tables

    @hookimpl
    def read_table(self, request: TableRequest, config: object) -> TableRead:
        frame = self._tables.get(request.table)
        if frame is None:
            known = ", ".join(self._tables) or "none"
            absent = f"the tables at hand are {known}; there is no {request.table}"
            return TableRead(DayStatus.MISSING, absent=(absent,))
        lazy = frame.lazy()
        if request.columns is not None:
            there = lazy.collect_schema().names()
            lazy = lazy.select(name for name in there if name in request.columns)
        return TableRead(DayStatus.READY, lazy)


class _NoOutput(SimpleNamespace):
    """Stands where a pass needs a target; nothing is ever written."""

    @hookimpl
    def write_output(self, frame: object, target: object, partition: object) -> None:
        """Refuse."""
        raise NotImplementedError

    @hookimpl
    def read_output(self, target: object, partitions: object) -> None:
        """Have nothing."""

    @hookimpl
    def find_receipt(self, target: object, partition: object) -> None:
        """Have nothing."""
