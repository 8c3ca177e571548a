"""Is a plugin's answer what its hook promises?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from beaf_core.model.command import CommandRequest
from beaf_core.model.dates import DayStatus
from beaf_core.model.errors import UsageError
from beaf_core.model.outputs import Receipt, StorageArea, Target
from beaf_core.model.run import LaunchRequest, RunReport
from beaf_core.model.tables import Part, TableRead
from beaf_core.plugins.errors import (
    PluginAnswerError,
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
        wrong(f"expected a polars or pandas frame of listings, got {kind_of(answer)}")
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
            entry, "universe_values", f"expected a list of texts, got {kind_of(answer)}"
        )
    values = list(answer)
    odd = [value for value in values if not isinstance(value, str)]
    if odd:
        raise PluginAnswerError(
            entry, "universe_values", f"{kind_of(odd[0])} stands among the texts"
        )
    return values


def check_table_read(entry: PluginEntry, answer: object) -> TableRead:
    """Check for a TableRead whose frame fits its status."""
    import polars as pl

    def wrong(reason: str) -> NoReturn:
        raise PluginAnswerError(entry, "read_table", reason)

    if not isinstance(answer, TableRead):
        wrong(f"expected a TableRead, got {kind_of(answer)}")
    if answer.status not in list(DayStatus):
        known = ", ".join(DayStatus)
        wrong(f"the status is {kind_of(answer.status)}, not one of {known}")
    if answer.frame is not None and not isinstance(answer.frame, pl.LazyFrame):
        wrong(f"the frame is {kind_of(answer.frame)}, not a LazyFrame")
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
        return f"it is {kind_of(values)}"
    odd = [each for each in values if not isinstance(each, kind)]
    return f"{kind_of(odd[0])} stands among them" if odd else None


def _odd_row_group(part: Part) -> str | None:
    """Find the first row group that is not three whole numbers which can be right."""
    if not isinstance(part.row_groups, tuple | list | None):
        return kind_of(part.row_groups)
    for group in part.row_groups or ():
        numbers = isinstance(group, tuple | list) and len(group) == 3
        if not numbers or not all(type(each) is int for each in group):
            return repr(group)
        if group[0] < 0 or group[1] > group[2]:
            return repr(group)
    return None


def check_report(entry: PluginEntry, answer: object) -> RunReport:
    """Check that a launched run reports as runs do."""
    if not isinstance(answer, RunReport):
        raise PluginAnswerError(
            entry, "launch_run", f"its run's wait() answered {kind_of(answer)}, not a RunReport"
        )
    return answer


def check_config_model(entry: PluginEntry, model: object) -> None:
    """Check for a pydantic model class."""
    from pydantic import BaseModel  # 99 ms

    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise PluginLoadError(entry, f"its Config is {kind_of(model)}, not a pydantic model")
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
            entry, "list_receipts", f"expected a list of receipts, got {kind_of(answer)}"
        )
    return [_check_receipt_itself(entry, "list_receipts", each) for each in answer]


def check_removed(entry: PluginEntry, answer: object) -> None:
    """Check that an output has removed what it was asked to remove."""
    if answer is not True:
        raise PluginAnswerError(
            entry, "remove_output", f"expected True once it is gone, got {kind_of(answer)}"
        )


def _check_receipt_itself(entry: PluginEntry, hook: str, answer: object) -> Receipt:
    def wrong(reason: str) -> NoReturn:
        raise PluginAnswerError(entry, hook, reason)

    if not isinstance(answer, Receipt):
        wrong(f"expected a Receipt, got {kind_of(answer)}")
    if not isinstance(answer.location, str) or not answer.location:
        wrong("the receipt has no location")
    if isinstance(answer.rows, bool) or not isinstance(answer.rows, int) or answer.rows < 0:
        wrong(f"the receipt counts {answer.rows!r} rows")
    if not isinstance(answer.partition, str):
        wrong(f"the receipt's partition is {kind_of(answer.partition)}, not a text")
    if not isinstance(answer.stamp, Mapping):
        wrong(f"the receipt's stamp is {kind_of(answer.stamp)}, not a mapping")
    return answer


def check_output_read(entry: PluginEntry, answer: object) -> pl.LazyFrame | None:
    """Check for a lazy frame, or None."""
    import polars as pl

    if answer is None or isinstance(answer, pl.LazyFrame):
        return answer
    reason = f"expected a LazyFrame or None, got {kind_of(answer)}"
    raise PluginAnswerError(entry, "read_output", reason)


def check_request(request: LaunchRequest | CommandRequest) -> None:
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
            entry, hook, f"{kind_of(answer)} lacks {', '.join(lacking)} of a LaunchedRun"
        )
    launched: LaunchedRun = answer
    return launched


def check_storage_area(entry: PluginEntry, answer: object) -> StorageArea:
    """Check for a bucket and a prefix that a template can take."""

    def wrong(reason: str) -> NoReturn:
        raise PluginAnswerError(entry, "storage_area", reason)

    if not isinstance(answer, StorageArea):
        wrong(f"expected a StorageArea, got {kind_of(answer)}")
    if not isinstance(answer.bucket, str) or not answer.bucket or "/" in answer.bucket:
        wrong(f"{answer.bucket!r} is no bucket")
    if not isinstance(answer.prefix, str) or not answer.prefix:
        wrong(f"{answer.prefix!r} is no prefix")
    if answer.prefix != answer.prefix.strip("/"):
        wrong(f"the prefix {answer.prefix!r} has a slash at an end")
    return answer


def kind_of(answer: object) -> str:
    """Say in a message what an answer is instead."""
    return "nothing" if answer is None else f"a {type(answer).__qualname__}"
