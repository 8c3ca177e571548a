"""What does an output keep beside its rows, so that they can be read back and understood?

A receipt is of one partition. What the rows mean, and which dtypes they had, is the same for many
partitions; a table or a dataset keeps it once, under its digest, and each receipt names that.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl
import pyarrow as pa

from beaf_core import Meaning, Receipt, UsageError


@dataclass(frozen=True)
class About:
    """What rows mean, and the dtypes that they had before a target made them fit.

    Attributes:
        meaning: of the columns and of all rows.
        schema: the columns and dtypes that were handed in.
    """

    meaning: Meaning
    schema: pl.Schema

    @cached_property
    def text(self) -> str:
        """JSON text; equal for equal rows."""
        values = {**self.meaning.to_json(), "schema": encoded(self.schema)}
        return json.dumps(values, sort_keys=True)

    @cached_property
    def digest(self) -> str:
        """A name for it."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]

    @classmethod
    def of_text(cls, text: str | bytes) -> About:
        """Read what `text` rendered."""
        values: dict[str, Any] = json.loads(text)
        return cls(Meaning.from_json(values), decoded(values["schema"]))


@dataclass(frozen=True, slots=True)
class Kept:
    """The receipt of one partition of a table or dataset, and what it is kept with.

    Attributes:
        receipt: of the partition.
        about: the digest of what its rows mean.
        files: where its rows are, for a dataset of files; relative to the dataset.
    """

    receipt: Receipt
    about: str
    files: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """JSON text."""
        values = {"receipt": self.receipt.to_json(), "about": self.about, "files": self.files}
        return json.dumps(values, sort_keys=True)

    @classmethod
    def of_text(cls, text: str | bytes) -> Kept:
        """Read what `text` rendered."""
        values: dict[str, Any] = json.loads(text)
        receipt = Receipt.from_json(values["receipt"])
        return cls(receipt, values["about"], tuple(values.get("files", ())))


@dataclass(frozen=True, slots=True)
class Described:
    """What a place says of itself, for `beaf data describe`.

    Attributes:
        kind: `parquet`, `hive`, `delta` or `sql`.
        location: the place, without secrets.
        receipts: of its partitions.
        about: what the rows mean; of the newest partition where they differ.
        stored: column → the type that it is stored as.
    """

    kind: str
    location: str
    receipts: tuple[Receipt, ...]
    about: About | None
    stored: Mapping[str, str]


def encoded(schema: pl.Schema) -> str:
    """Render a schema as text that `decoded` gives back exactly, enums and decimals too.

    Raises:
        UsageError: a name that Arrow cannot hold.
    """
    check_names(schema)
    arrow: pa.Schema = pl.DataFrame(schema=schema).to_arrow().schema
    return base64.b64encode(arrow.serialize()).decode()


def check_names(names: Iterable[str]) -> None:
    """Refuse names with a NUL, which ends texts in Arrow's C interface: polars ends in a panic.

    Raises:
        UsageError: there is one.
    """
    cut = [name for name in names if "\0" in name]
    if cut:
        raise UsageError(f"the column {cut[0]!r} has a NUL in its name", remedy="rename it")


def decoded(text: str) -> pl.Schema:
    """Read what `encoded` rendered."""
    arrow = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text)))
    frame = pl.from_arrow(arrow.empty_table())
    assert isinstance(frame, pl.DataFrame)
    return frame.schema


def restored(frame: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
    """Give stored rows the columns and dtypes that they had, in their order.

    A column that a target no longer has is null.
    """
    there = frame.collect_schema()
    return frame.select(_restored(name, dtype, there) for name, dtype in schema.items())


def _restored(name: str, dtype: pl.DataType, there: pl.Schema) -> pl.Expr:
    if name not in there:
        return pl.lit(None, dtype).alias(name)
    return pl.col(name) if there[name] == dtype else pl.col(name).cast(dtype)


def union(schemas: Sequence[pl.Schema]) -> pl.Schema:
    """Join the columns of several partitions, those of the first one first.

    A column of no type, since it has no value there, takes that of the others.

    Raises:
        UsageError: a column has several types; each may have values that another one would change.
    """
    joined: dict[str, pl.DataType] = {}
    for name, dtype in (each for schema in schemas for each in schema.items()):
        known = joined.setdefault(name, dtype)
        if known == pl.Null:
            joined[name] = dtype
        elif dtype not in (known, pl.Null):
            raise UsageError(
                f"{name} is {known} in one partition and {dtype} in another",
                remedy="run the older partitions again, or read them one by one",
            )
    return pl.Schema(joined)


def concatenated(frames: Sequence[pl.LazyFrame]) -> pl.LazyFrame | None:
    """Put the rows of several partitions together; a column that one lacks is null in its rows.

    Returns:
        None where there are none.

    Raises:
        UsageError: a column has several types.
    """
    if len(frames) < 2:
        return frames[0] if frames else None
    # Checked first: relaxed, nanoseconds would be cut to microseconds without a word.
    union([each.collect_schema() for each in frames])
    return pl.concat(frames, how="diagonal_relaxed")
