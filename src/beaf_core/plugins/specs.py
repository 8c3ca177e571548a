"""Which questions may a plugin answer?

Every hook is asked of exactly one plugin, the one that the user named. A plugin takes any subset
of a hook's arguments, by name. Options are not a hook: a plugin whose options come from the
configuration sets `Config`, a pydantic model, in its module.

The examples are complete plugins. The tests run them, and `beaf plugins new` starts from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from beaf_core.plugins.markers import hookspec
from beaf_core.plugins.output_specs import (
    find_receipt,
    list_receipts,
    read_output,
    remove_output,
    write_output,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

    from beaf_core.model.command import CommandRequest
    from beaf_core.model.module import AnalyticsModule
    from beaf_core.model.outputs import StorageArea
    from beaf_core.model.run import LaunchedRun, LaunchRequest
    from beaf_core.model.tables import TableRead, TableRequest
    from beaf_core.model.universe import Reference


__all__ = [
    "analytics_module",
    "find_receipt",
    "find_run",
    "get_universe",
    "launch_run",
    "list_receipts",
    "read_output",
    "read_table",
    "remove_output",
    "storage_area",
    "universe_values",
    "write_output",
]


@hookspec(firstresult=True)
def get_universe(date: str, value: str | None, reference: Reference, folder: Path) -> pl.DataFrame:
    """List the listings that a selector `name=value` means on a day (kind `universe`).

    `reference(date, **constraints)` answers the source's reference table, already filtered:
    ask it for what you need and it never fetches the world. It adds nothing that the source
    does not know; `Index="STOXX600"` is answered from the membership table; a list, tuple or set
    names alternatives.

    Args:
        date: the trade date, `YYYY-MM-DD`.
        value: what stands behind `=` in the selector; None for a bare name.
        reference: the source's reference table on a date.
        folder: the project's folder, to which relative paths in a selector belong.

    Returns:
        Unique `ListingId` (integer), `MIC` (text), and whatever else the source knows.

    Example:
        ```python
        \"\"\"Which listings trade on a venue?\"\"\"

        from beaf_core import hookimpl


        @hookimpl
        def get_universe(value, date, reference):
            return reference(date, MIC=value)


        @hookimpl
        def universe_values(date, reference):
            return reference.values(date, "MIC")
        ```
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def universe_values(date: str, reference: Reference) -> Sequence[str]:
    """List the values that a selector `name=…` accepts on a day (kind `universe`).

    Used for listings, completion and near matches. A universe without values answers `[]`.

    Args:
        date: the trade date, `YYYY-MM-DD`.
        reference: the source's reference table on a date.

    Returns:
        The values, in the order in which a person wants to read them.

    Example:
        ```python
        \"\"\"Which listings share a currency?\"\"\"

        from beaf_core import hookimpl


        @hookimpl
        def get_universe(value, date, reference):
            return reference(date, CurrencyCode=value)


        @hookimpl
        def universe_values(date, reference):
            return reference.values(date, "CurrencyCode")
        ```
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def read_table(request: TableRequest, config: Any) -> TableRead:
    """Say where a table's rows of one day are, as a lazy frame (kind `source`).

    Read no data: metadata only. Push down `mics`, `columns` and `constraints` where that is
    cheap; the engine filters again. Columns keep the names of `beaf_core.TABLES`.

    Args:
        request: table, day, venues, columns.
        config: the plugin's `Config`, filled from `SOURCE`; None without one.

    Returns:
        The frame with its status: `ready`, or `closed`, `pending`, `missing` where data is absent.

    Example:
        ```python
        \"\"\"Where do tables come from? A folder of CSV files, one per table and day.\"\"\"

        from pathlib import Path

        import polars as pl
        from pydantic import BaseModel

        from beaf_core import ConfigPath, DayStatus, Part, TableRead, hookimpl


        class Config(BaseModel):
            \"\"\"Options of the source.\"\"\"

            type: str
            root: ConfigPath


        @hookimpl
        def read_table(request, config):
            path = Path(config.root) / request.table / f"{request.day}.csv"
            if not path.exists():
                return TableRead(DayStatus.MISSING, absent=(str(path),))
            frame = pl.scan_csv(path, try_parse_dates=True)
            changed = str(path.stat().st_mtime_ns)  # a part without a version is never up to date
            return TableRead(DayStatus.READY, frame, parts=(Part(str(path), version=changed),))
        ```
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def analytics_module() -> AnalyticsModule:
    """Declare measures over tables (kind `module`).

    A module computes nothing: it declares, and the engine compiles what all modules of a pass
    declare into one aggregation per table.

    Returns:
        The module; its name is the word that a pass lists.

    Example:
        ```python
        \"\"\"How many shares trade in a bucket, and in what size at most?\"\"\"

        import polars as pl

        from beaf_core import Aggregation, AnalyticsModule, Kind, Measure, hookimpl

        SIZE = pl.col("Size")

        MEASURES = [
            Measure(
                name="SharesTraded",
                table="trades",
                value=Aggregation(Kind.SUM, SIZE),
                unit="shares",
                doc="Shares traded in the bucket.",
                formula="Σ size",
                reaggregation="sum",
            ),
            Measure(
                name="LargestTrade",
                table="trades",
                value=Aggregation(Kind.MAX, SIZE),
                unit="shares",
                doc="Size of the largest trade in the bucket.",
                formula="max size",
                reaggregation="max",
            ),
        ]


        @hookimpl
        def analytics_module():
            return AnalyticsModule(
                name="sizes",
                measures=lambda options: MEASURES,
                doc="Trade sizes",
            )
        ```
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def launch_run(request: LaunchRequest | CommandRequest, config: Any) -> LaunchedRun:
    """Start a run where this launcher runs things (kind `launcher`).

    The request is plain data: `request.to_json()` can travel. On the other side,
    `execute_request(LaunchRequest.from_json(…))` carries it out. Orchestrators ask with a
    `CommandRequest` for a program of theirs to be started; `execute_request` refuses it, in the
    name of launchers that run pipelines alone.

    Args:
        request: the run of a pipeline, or a command.
        config: the plugin's `Config`, filled from its section; None without one.

    Returns:
        The run: `ref`, `status()`, `stop()`, `logs()`, `wait()`.

    Example:
        ```python
        \"\"\"Where do runs happen? In this process, with a line before and after.\"\"\"

        import sys

        from beaf_core import FinishedRun, execute_request, hookimpl


        @hookimpl
        def launch_run(request, config):
            print(f"starting {request.run_id}", file=sys.stderr)
            report = execute_request(request)
            print(f"finished {request.run_id}: {report.status}", file=sys.stderr)
            return FinishedRun(report)


        @hookimpl
        def find_run(ref, config):
            return FinishedRun.load(ref)
        ```
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def find_run(ref: str, config: Any) -> LaunchedRun:
    """Find a run again by its ref (kind `launcher`); the example is under `launch_run`.

    Args:
        ref: the word that `LaunchedRun.ref` gave.
        config: the plugin's `Config`; None without one.

    Returns:
        The run.

    Raises:
        UsageError: no run has that ref.
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def storage_area(area: str) -> StorageArea:
    """Say where a storage area lies (kind `area`).

    The word that a user types in `OUTPUT_TARGET.area` is the entry point's name. Asked where a
    template has `{bucket}` or `{prefix}` that nobody has set, while a configuration is resolved.

    Args:
        area: the word, so that one plugin can stand for several.

    Returns:
        Its bucket and its prefix, both texts; the prefix without a slash at either end.

    Example:
        ```python
        \"\"\"Where do the teams keep their results? Each in a folder of one bucket.\"\"\"

        from beaf_core import StorageArea, hookimpl


        @hookimpl
        def storage_area(area):
            return StorageArea(bucket="acme-research", prefix=f"teams/{area}")
        ```
    """
    raise NotImplementedError
