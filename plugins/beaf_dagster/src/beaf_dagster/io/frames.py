"""How does what an asset returns become a frame for each partition, and what does one get back?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin

import polars as pl

from beaf_core import UsageError, did_you_mean
from beaf_dagster.io.partitions import WHOLE

Frame = pl.LazyFrame | pl.DataFrame

_FRAMES = "a polars LazyFrame or DataFrame, or a pandas DataFrame"
_ANNOTATIONS = "pl.LazyFrame, pl.DataFrame, dict[str, pl.LazyFrame] or dict[str, pl.DataFrame]"


# -- in --------------------------------------------------------------------------------------------


def frames_by_key(returned: object, keys: Sequence[str], asset: str) -> dict[str, Frame]:
    """Give each partition its frame.

    Args:
        returned: by the asset: a frame where there is one partition, else partition key → frame.
        keys: of the partitions that the step covers.
        asset: its name, for messages.

    Raises:
        UsageError: something that is no frame, or not one frame for each partition.
    """
    if isinstance(returned, Mapping):
        _require_same_keys(list(returned), keys, asset)
        return {key: as_frame(returned[key], f"{asset}, {key}") for key in keys}
    frame = as_frame(returned, asset)
    if len(keys) != 1:
        raise UsageError(
            f"{asset} returned one frame for {len(keys)} partitions, and it does not say which "
            "rows are of which",
            remedy="return a dict with a frame for each of context.partition_keys, or compute one "
            "partition in each run: backfill_policy=dg.BackfillPolicy.multi_run(1)",
        )
    return {keys[0]: frame}


def as_frame(value: object, what: str) -> Frame:
    """Take a frame of polars or pandas; the names of a pandas index become columns.

    Raises:
        UsageError: it is none.
    """
    if isinstance(value, pl.LazyFrame | pl.DataFrame):
        return value
    # pandas is no dependency: recognise its frames without importing it.
    kind = type(value)
    if kind.__module__.partition(".")[0] == "pandas" and kind.__name__ == "DataFrame":
        return _of_pandas(value)
    raise UsageError(
        f"{what} returned {_kind(value)}, and outputs keep frames",
        remedy=f"return {_FRAMES}; or nothing (-> None), where the asset has kept its rows itself",
    )


def _of_pandas(value: Any) -> pl.DataFrame:
    named = [each for each in value.index.names if each is not None]
    return pl.from_pandas(value.reset_index(level=named) if named else value)


def _require_same_keys(given: Sequence[Any], keys: Sequence[str], asset: str) -> None:
    if list(keys) == [WHOLE]:
        raise UsageError(
            f"{asset} returned a dict, and it has no partitions", remedy="return one frame"
        )
    unknown = [str(each) for each in given if each not in keys]
    if unknown:
        raise UsageError(
            f"{asset} returned a frame for {unknown[0]!r}, which is no partition of this step"
            f"{did_you_mean(unknown[0], keys)}",
            remedy=f"its partitions: {_some(keys)}",
        )
    lacking = [each for each in keys if each not in given]
    if lacking:
        raise UsageError(
            f"{asset} returned no frame for {_some(lacking)}",
            remedy="return a frame for each of context.partition_keys; one without rows is fine",
        )


# -- out -------------------------------------------------------------------------------------------


def wants_each(annotation: object, asset: str) -> bool:
    """Say whether an input is to be a dict of frames, by the annotation of its argument.

    Raises:
        UsageError: an annotation that frames cannot follow.
    """
    if annotation in (Any, None, pl.LazyFrame, pl.DataFrame):
        return False
    arguments = get_args(annotation)
    is_dict = get_origin(annotation) is dict and len(arguments) == 2 and arguments[0] is str
    if is_dict and arguments[1] in (Any, pl.LazyFrame, pl.DataFrame):
        return True
    raise UsageError(
        f"{asset} cannot be loaded as {getattr(annotation, '__name__', annotation)}",
        remedy=f"annotate the argument as {_ANNOTATIONS}",
    )


def as_annotated(frame: pl.LazyFrame, annotation: object) -> Frame:
    """Collect a frame where the annotation asks for a DataFrame."""
    eager = annotation is pl.DataFrame or pl.DataFrame in get_args(annotation)
    return frame.collect() if eager else frame


def _kind(value: object) -> str:
    article = "an" if type(value).__name__[0].lower() in "aeiou" else "a"
    return f"{article} {type(value).__name__}"


def _some(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return ", ".join(keys[:3]) + more
