"""Is a plugin's answer what its hook promises?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from beaf_core.model.dates import DayStatus
from beaf_core.model.errors import BeafError, UsageError
from beaf_core.model.module import RESERVED, Aggregation, AnalyticsModule, Kind, Measure
from beaf_core.model.primitives import DenseGrid, Identity, ProvidedTable
from beaf_core.model.run import LaunchRequest, Receipt, RunReport, Target
from beaf_core.model.tables import Part, TableRead
from beaf_core.plugins.errors import (
    PluginAnswerError,
    PluginCallError,
    PluginLoadError,
)

if TYPE_CHECKING:
    import polars as pl

    from beaf_core.model.partition import PartitionRun
    from beaf_core.model.run import LaunchedRun
    from beaf_core.plugins.catalog import PluginEntry


def check_universe(entry: PluginEntry, answer: object) -> pl.DataFrame:
    """Check for unique integer ListingIds and a text MIC; pandas frames are converted."""
    import polars as pl  # 480 ms

    def wrong(reason: str) -> NoReturn:
        raise PluginAnswerError(entry, "get_universe", reason)

    frame = _as_frame(answer)
    if frame is None:
        wrong(f"expected a polars or pandas frame of listings, got {_kind_of(answer)}")
    missing = [name for name in ("ListingId", "MIC") if name not in frame.columns]
    if missing:
        there = ", ".join(frame.columns) or "none"
        wrong(f"the frame lacks {' and '.join(missing)}; its columns: {there}")
    if frame.is_empty():
        # Nothing to judge a type by: an empty pandas frame has no useful one.
        typed = (pl.Series("ListingId", [], pl.Int64), pl.Series("MIC", [], pl.String))
        return frame.clear().with_columns(*typed)
    if not frame.schema["ListingId"].is_integer():
        wrong(f"ListingId is {frame.schema['ListingId']}, not an integer")
    if not isinstance(frame.schema["MIC"], pl.String | pl.Categorical | pl.Enum):
        wrong(f"MIC is {frame.schema['MIC']}, not a text")
    for name in ("ListingId", "MIC"):
        if frame[name].null_count():
            wrong(f"{name} is null in {frame[name].null_count()} rows")
    repeated = frame.filter(frame["ListingId"].is_duplicated())["ListingId"].unique().sort()
    if len(repeated):
        wrong(f"ListingId must be unique; repeated: {', '.join(map(str, repeated[:5]))}")
    return frame.with_columns(pl.col("ListingId").cast(pl.Int64), pl.col("MIC").cast(pl.String))


def _as_frame(answer: object) -> pl.DataFrame | None:
    import polars as pl

    if isinstance(answer, pl.LazyFrame):
        return answer.collect()
    if isinstance(answer, pl.DataFrame):
        return answer
    # pandas is no dependency: recognise its frames without importing it.
    if type(answer).__module__.partition(".")[0] == "pandas" and hasattr(answer, "columns"):
        return pl.from_pandas(answer)
    return None


def check_values(entry: PluginEntry, answer: object) -> list[str]:
    """Check for a list of texts."""
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        raise PluginAnswerError(
            entry, "universe_values", f"expected a list of texts, got {_kind_of(answer)}"
        )
    values = list(answer)
    odd = [value for value in values if not isinstance(value, str)]
    if odd:
        raise PluginAnswerError(
            entry, "universe_values", f"{_kind_of(odd[0])} stands among the texts"
        )
    return values


def check_table_read(entry: PluginEntry, answer: object) -> TableRead:
    """Check for a TableRead whose frame fits its status."""
    import polars as pl

    def wrong(reason: str) -> NoReturn:
        raise PluginAnswerError(entry, "read_table", reason)

    if not isinstance(answer, TableRead):
        wrong(f"expected a TableRead, got {_kind_of(answer)}")
    if answer.status not in list(DayStatus):
        known = ", ".join(DayStatus)
        wrong(f"the status is {_kind_of(answer.status)}, not one of {known}")
    if answer.frame is not None and not isinstance(answer.frame, pl.LazyFrame):
        wrong(f"the frame is {_kind_of(answer.frame)}, not a LazyFrame")
    if answer.status == DayStatus.READY and answer.frame is None:
        wrong("the status is ready, but there is no frame")
    for name, kind in (("parts", Part), ("absent", str), ("order", str)):
        odd = _first_odd(getattr(answer, name), kind)
        if odd:
            wrong(f"{name} is to hold {kind.__name__} values; {odd}")
    for part in answer.parts:
        odd_group = _odd_row_group(part)
        if odd_group:
            wrong(f"a row group of {part.location} is {odd_group}, not (rows, lowest, highest)")
    return replace(answer, status=DayStatus(answer.status))


def _first_odd(values: object, kind: type) -> str | None:
    if not isinstance(values, tuple | list):
        return f"it is {_kind_of(values)}"
    odd = [each for each in values if not isinstance(each, kind)]
    return f"{_kind_of(odd[0])} stands among them" if odd else None


def _odd_row_group(part: Part) -> str | None:
    """Find the first row group that is not three whole numbers which can be right."""
    if not isinstance(part.row_groups, tuple | list | None):
        return _kind_of(part.row_groups)
    for group in part.row_groups or ():
        numbers = isinstance(group, tuple | list) and len(group) == 3
        if not numbers or not all(type(each) is int for each in group):
            return repr(group)
        if group[0] < 0 or group[1] > group[2]:
            return repr(group)
    return None


def check_module(entry: PluginEntry, answer: object) -> AnalyticsModule:
    """Check for an AnalyticsModule of the name that the user typed."""
    if not isinstance(answer, AnalyticsModule):
        raise PluginAnswerError(
            entry, "analytics_module", f"expected an AnalyticsModule, got {_kind_of(answer)}"
        )
    if answer.name != entry.name:
        raise PluginAnswerError(
            entry, "analytics_module", f'the module calls itself "{answer.name}"'
        )
    for name in ("measures", "rows", "provides", "grid", "identities", "reads"):
        if not callable(getattr(answer, name)):
            raise PluginAnswerError(
                entry, "analytics_module", f"{name} is to be a function of the options"
            )
    if not isinstance(answer.config_key, str):
        raise PluginAnswerError(
            entry, "analytics_module", f"config_key is {_kind_of(answer.config_key)}, not a text"
        )
    if answer.Config is not None:
        check_config_model(entry, answer.Config)
    return answer


def measures_of(entry: PluginEntry, module: AnalyticsModule, options: Any) -> list[Measure]:
    """Ask a module for its measures; what it raises is told as its own fault."""
    try:
        answer = module.measures(options)
        return check_measures(entry, list(answer) if isinstance(answer, Iterator) else answer)
    except BeafError:
        raise
    except Exception as error:  # a plugin's declaration may raise anything
        raise PluginCallError(entry, "analytics_module, in its measures", error) from error


def rows_of(entry: PluginEntry, module: AnalyticsModule, options: Any) -> dict[str, pl.Expr]:
    """Ask a module which rows of each table it looks at; checked for expressions by table."""
    import polars as pl

    try:
        answer = dict(module.rows(options))
    except BeafError:
        raise
    except Exception as error:  # a plugin's declaration may raise anything
        raise PluginCallError(entry, "analytics_module, in its rows", error) from error
    for table, rows in answer.items():
        if not isinstance(rows, pl.Expr):
            raise PluginAnswerError(
                entry, "analytics_module", f"its rows of {table} are {_kind_of(rows)}"
            )
    return answer


def declared_of(
    entry: PluginEntry, module: AnalyticsModule, options: Any
) -> tuple[
    tuple[ProvidedTable, ...], DenseGrid | None, tuple[Identity, ...], dict[str, tuple[str, ...]]
]:
    """Ask a module for the tables it provides, its grid, its identities and what it reads."""
    try:
        provides, grid = tuple(module.provides(options)), module.grid(options)
        identities, reads = tuple(module.identities(options)), dict(module.reads(options))
    except BeafError:
        raise
    except Exception as error:  # a plugin's declaration may raise anything
        raise PluginCallError(entry, "analytics_module, in its declarations", error) from error
    wanted: list[tuple[object, type]] = [(each, ProvidedTable) for each in provides]
    wanted += [(each, Identity) for each in identities]
    wanted += [(grid, DenseGrid)] if grid is not None else []
    for each, kind in wanted:
        if not isinstance(each, kind):
            raise PluginAnswerError(
                entry,
                "analytics_module",
                f"{_kind_of(each)} stands where a {kind.__name__} belongs",
            )
    return provides, grid, identities, {name: tuple(columns) for name, columns in reads.items()}


def check_measures(entry: PluginEntry, answer: object) -> list[Measure]:
    """Check for measures with distinct names."""
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        raise PluginAnswerError(
            entry, "analytics_module", f"its measures are {_kind_of(answer)}, not a list"
        )
    measures = list(answer)
    odd = [each for each in measures if not isinstance(each, Measure)]
    if odd:
        raise PluginAnswerError(
            entry, "analytics_module", f"{_kind_of(odd[0])} stands among its measures"
        )
    for each in measures:
        fault = _fault_of(each)
        if fault:
            raise PluginAnswerError(entry, "analytics_module", f"its measure {each.name!r} {fault}")
    names = [each.name for each in measures]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UsageError(
            f'module "{entry.name}" yields {", ".join(repeated)} more than once',
            remedy="ask for each column once, or tell them apart with output_name_pattern",
        )
    return measures


def _fault_of(measure: Measure) -> str | None:
    """Say what is wrong with a measure's declaration, if anything is."""
    if not isinstance(measure.name, str) or not measure.name or measure.name.startswith("__"):
        return "has no name that a column can have"
    if measure.name in RESERVED:
        return "has the name of a column that every output has"
    if not isinstance(measure.table, str) or not measure.table:
        return f"asks for the table {measure.table!r}"
    return _fault_of_parts(measure)


def _fault_of_parts(measure: Measure) -> str | None:
    import polars as pl

    expressions = [measure.post]
    for each in measure.aggregations.values():
        if not isinstance(each, Aggregation) or not isinstance(each.kind, Kind):
            return f"holds {_kind_of(each)} where an Aggregation of a Kind belongs"
        expressions += [each.of, each.where]
    for expression in expressions:
        if expression is not None and not isinstance(expression, pl.Expr):
            return f"holds {expression!r} where a polars expression belongs"
    return None


def check_report(entry: PluginEntry, answer: object) -> RunReport:
    """Check that a launched run reports as runs do."""
    if not isinstance(answer, RunReport):
        raise PluginAnswerError(
            entry, "launch_run", f"its run's wait() answered {_kind_of(answer)}, not a RunReport"
        )
    return answer


def check_config_model(entry: PluginEntry, model: object) -> None:
    """Check for a pydantic model class."""
    from pydantic import BaseModel  # 99 ms

    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise PluginLoadError(entry, f"its Config is {_kind_of(model)}, not a pydantic model")
    try:
        model.model_rebuild()  # free where the model is complete
    except NameError as error:
        # Annotations that name something imported for type checking only.
        raise PluginLoadError(entry, f"its Config cannot be completed: {error}") from error


def check_receipt(
    entry: PluginEntry, hook: str, answer: object, target: Target, partition: PartitionRun
) -> Receipt:
    """Check for a receipt of this partition, with the stamp that it was given."""
    receipt = _check_receipt_itself(entry, hook, answer)
    if receipt.partition != partition.key:
        raise PluginAnswerError(
            entry, hook, f"the receipt is for {receipt.partition}, not for {partition.key}"
        )
    if dict(receipt.stamp) != dict(target.stamp):
        raise PluginAnswerError(entry, hook, "the receipt does not carry the target's stamp")
    return receipt


def check_found_receipt(entry: PluginEntry, answer: object) -> Receipt | None:
    """Check for a receipt with a location and a number of rows, or None."""
    return None if answer is None else _check_receipt_itself(entry, "find_receipt", answer)


def check_receipts(entry: PluginEntry, answer: object) -> list[Receipt]:
    """Check for receipts."""
    if not isinstance(answer, list | tuple):
        raise PluginAnswerError(
            entry, "list_receipts", f"expected a list of receipts, got {_kind_of(answer)}"
        )
    return [_check_receipt_itself(entry, "list_receipts", each) for each in answer]


def check_removed(entry: PluginEntry, answer: object) -> None:
    """Check that an output has removed what it was asked to remove."""
    if answer is not True:
        raise PluginAnswerError(
            entry, "remove_output", f"expected True once it is gone, got {_kind_of(answer)}"
        )


def _check_receipt_itself(entry: PluginEntry, hook: str, answer: object) -> Receipt:
    def wrong(reason: str) -> NoReturn:
        raise PluginAnswerError(entry, hook, reason)

    if not isinstance(answer, Receipt):
        wrong(f"expected a Receipt, got {_kind_of(answer)}")
    if not isinstance(answer.location, str) or not answer.location:
        wrong("the receipt has no location")
    if isinstance(answer.rows, bool) or not isinstance(answer.rows, int) or answer.rows < 0:
        wrong(f"the receipt counts {answer.rows!r} rows")
    if not isinstance(answer.partition, str):
        wrong(f"the receipt's partition is {_kind_of(answer.partition)}, not a text")
    if not isinstance(answer.stamp, Mapping):
        wrong(f"the receipt's stamp is {_kind_of(answer.stamp)}, not a mapping")
    return answer


def check_output_read(entry: PluginEntry, answer: object) -> pl.LazyFrame | None:
    """Check for a lazy frame, or None."""
    import polars as pl

    if answer is None or isinstance(answer, pl.LazyFrame):
        return answer
    reason = f"expected a LazyFrame or None, got {_kind_of(answer)}"
    raise PluginAnswerError(entry, "read_output", reason)


def check_request(request: LaunchRequest) -> None:
    """Check that a request can travel as JSON."""
    try:
        json.dumps(request.to_json(), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"the run cannot be described as plain data: {error}",
            remedy="use text, numbers, lists and mappings only in the configuration",
        ) from None


def check_launched(entry: PluginEntry, hook: str, answer: Any) -> LaunchedRun:
    """Check for something that offers what a LaunchedRun offers."""
    methods = ("status", "stop", "logs", "wait")
    lacking = [name for name in methods if not callable(getattr(answer, name, None))]
    if lacking or not isinstance(getattr(answer, "ref", None), str):
        lacking += [] if isinstance(getattr(answer, "ref", None), str) else ["ref (a text)"]
        raise PluginAnswerError(
            entry, hook, f"{_kind_of(answer)} lacks {', '.join(lacking)} of a LaunchedRun"
        )
    launched: LaunchedRun = answer
    return launched


def _kind_of(answer: object) -> str:
    return "nothing" if answer is None else f"a {type(answer).__qualname__}"
