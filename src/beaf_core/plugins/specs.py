"""Which questions may a plugin answer?

Every hook is asked of exactly one plugin, the one that the user named. A plugin takes any subset
of a hook's arguments, by name. Options are not a hook: a plugin whose options come from the
configuration sets `Config`, a pydantic model, in its module.

The examples are complete plugins. The tests run them, and `beaf plugins new` starts from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from beaf_core.plugins.markers import hookspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from beaf_core.model.module import AnalyticsModule
    from beaf_core.model.partition import PartitionRun
    from beaf_core.model.run import LaunchedRun, LaunchRequest, Receipt, Target
    from beaf_core.model.tables import TableRead, TableRequest
    from beaf_core.plugins.host import Reference


@hookspec(firstresult=True)
def get_universe(date: str, value: str | None, reference: Reference) -> pl.DataFrame:
    """List the listings that a selector `name=value` means on a day (kind `universe`).

    `reference(date, **constraints)` answers the source's reference table, already filtered:
    ask it for what you need and it never fetches the world. It adds nothing that the source
    does not know; `Index="STOXX600"` is answered from the membership table.

    Args:
        date: the trade date, `YYYY-MM-DD`.
        value: what stands behind `=` in the selector; None for a bare name.
        reference: the source's reference table on a date.

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
            return reference(date)["MIC"].unique().sort().to_list()
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
            return reference(date)["CurrencyCode"].unique().sort().to_list()
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
def write_output(frame: pl.LazyFrame, target: Target, partition: PartitionRun) -> Receipt:
    """Replace one partition of a target by the frame, whole or not at all (kind `output`).

    A crash at any point leaves the old partition readable. The receipt, with the target's
    stamp, is stored with the data, so that `find_receipt` answers from the target alone.

    Args:
        frame: the rows of the partition, sorted by ListingId and TimeBucket.
        target: the configured sink, with `location(partition)`.
        partition: universe × dates.

    Returns:
        What was written.

    Example:
        ```python
        \"\"\"Where do results go? To one Arrow file per partition.\"\"\"

        import json
        import os
        from pathlib import Path

        import polars as pl

        from beaf_core import Receipt, hookimpl


        @hookimpl
        def write_output(frame, target, partition):
            path = Path(target.location(partition))
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = frame.collect(engine="streaming")
            receipt = Receipt(target.type, str(path), rows.height, partition.key, target.stamp)
            staged = path.with_name(path.name + ".staged")
            rows.write_ipc(staged)
            os.replace(staged, path)
            path.with_name(path.name + ".receipt").write_text(json.dumps(receipt.to_json()))
            return receipt


        @hookimpl
        def read_output(target, partitions):
            paths = [Path(target.location(each)) for each in partitions]
            there = [path for path in paths if path.exists()]
            return pl.scan_ipc(there) if there else None


        @hookimpl
        def find_receipt(target, partition):
            path = Path(target.location(partition) + ".receipt")
            return Receipt.from_json(json.loads(path.read_text())) if path.exists() else None
        ```
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def read_output(target: Target, partitions: Sequence[PartitionRun]) -> pl.LazyFrame | None:
    """Read partitions back (kind `output`); the example is under `write_output`.

    Args:
        target: the configured sink.
        partitions: which ones.

    Returns:
        Their rows; None where none of them has been written yet, and for no other reason.
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def find_receipt(target: Target, partition: PartitionRun) -> Receipt | None:
    """Find the receipt of a partition (kind `output`); the example is under `write_output`.

    Args:
        target: the configured sink.
        partition: universe × dates.

    Returns:
        The receipt stored with the data; None where the partition has not been written.
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def list_receipts(target: Target, partition: PartitionRun) -> Sequence[Receipt]:
    """List what a target holds of a universe in some days (kind `output`; may be left out).

    Asked once per run and target, with the dates of the whole request, so that no output is
    written beside another one that holds some of its days under other dates. The example is the
    hook alone, beside those under `write_output`.

    Args:
        target: the configured sink.
        partition: the universe, and the days that are looked for.

    Returns:
        The receipts of all outputs that hold any of the days; of others, too, where it is cheaper.

    Example:
        ```python
        \"\"\"Which partitions does a folder of Arrow files hold?\"\"\"

        import json
        from dataclasses import replace
        from pathlib import Path

        from beaf_core import Receipt, hookimpl


        @hookimpl
        def list_receipts(target, partition):
            template = target.path_template.replace("{start_date}", "*").replace("{end_date}", "*")
            pattern = Path(replace(target, path_template=template + ".receipt").location(partition))
            found = pattern.parent.glob(pattern.name)
            return [Receipt.from_json(json.loads(path.read_text())) for path in found]


        @hookimpl
        def remove_output(target, receipt):
            Path(receipt.location).unlink(missing_ok=True)
            Path(receipt.location + ".receipt").unlink(missing_ok=True)
            return True
        ```
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def remove_output(target: Target, receipt: Receipt) -> bool:
    """Remove one output (kind `output`; may be left out); the example is under `list_receipts`.

    Asked with `--force` alone, for an output that holds days of one that was written just now.

    Args:
        target: the configured sink.
        receipt: what to remove, as `list_receipts` answered it.

    Returns:
        True once it is gone, also where it was gone already.
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def launch_run(request: LaunchRequest, config: Any) -> LaunchedRun:
    """Start a run where this launcher runs things (kind `launcher`).

    The request is plain data: `request.to_json()` can travel. On the other side,
    `execute_request(LaunchRequest.from_json(…))` carries it out.

    Args:
        request: the run.
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
