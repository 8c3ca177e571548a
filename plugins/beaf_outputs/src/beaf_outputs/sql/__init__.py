"""How is a partition kept in a table of a database, as one transaction?

A table holds many partitions; the rows of one bear its key. What tells of them, the receipts, is in
a table beside it and changes in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, SecretStr, field_validator

from beaf_core import FileUrl, PartitionRun, Receipt, Target, hookimpl
from beaf_outputs.kept import Described


class Config(BaseModel):
    """Options of the output."""

    # A fault in the URL must not show the password that is in it.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    #: One table holds many partitions.
    shared: ClassVar[bool] = True

    sql_connection: Annotated[SecretStr, FileUrl(("sqlite", "duckdb"))] = Field(
        description="The database's URL, as SQLAlchemy spells it: "
        "`postgresql://me:${env:PASSWORD}@host/database`, `sqlite:///file.db` or "
        "`duckdb:///file.duckdb`. Never shown."
    )
    sql_table: str = Field(
        "{datasetname}_{pass}",
        min_length=1,
        description="The table, or `schema.table`; with the placeholders of path_template.",
    )
    sql_if_exists: Literal["append", "replace", "fail"] = Field(
        "append",
        description="Where the table exists: replace the partition and leave the others, "
        "let the table hold this partition alone, or refuse.",
    )
    sql_batch_size: PositiveInt | None = Field(
        50_000, description="How many rows are handed to the database at a time; null for all."
    )
    schema_mode: Literal["strict", "add_columns", "overwrite"] = Field(
        "strict",
        description="Where the columns differ from the table's: refuse, add those that are new, "
        "or make the table anew, with this partition alone.",
    )
    sql_timestamps: Literal["us", "int64"] = Field(
        "us",
        description="How moments are kept: as timestamps, which databases hold in microseconds, "
        "or as integers in their own unit, which keeps nanoseconds.",
    )

    @field_validator("sql_connection")
    @classmethod
    def _is_a_url(cls, value: SecretStr) -> SecretStr:
        from beaf_outputs.sql.urls import parsed

        parsed(value.get_secret_value())
        return value

    @field_validator("sql_table")
    @classmethod
    def _is_a_table(cls, value: str) -> str:
        from beaf_outputs.sql.tables import parts_of

        parts_of(value)
        return value

    @property
    def location_template(self) -> str:
        """The place that receipts report: the URL without its secrets, and the table."""
        from beaf_outputs.sql.urls import shown

        url = shown(self.sql_connection.get_secret_value())
        return f"{url.replace('{', '{{').replace('}', '}}')}#{self.sql_table}"


@hookimpl
def write_output(frame: pl.LazyFrame, target: Target, partition: PartitionRun) -> Receipt:
    """Replace the partition's rows, in one transaction."""
    from beaf_outputs.sql.write import write

    return write(frame, target, partition, target.options)


@hookimpl
def read_output(target: Target, partitions: Sequence[PartitionRun]) -> pl.LazyFrame | None:
    """Query the rows of the partitions that have been written, once they are asked for."""
    from beaf_outputs.sql.read import read

    return read(target, partitions, target.options)


@hookimpl
def find_receipt(target: Target, partition: PartitionRun) -> Receipt | None:
    """Look the partition's receipt up."""
    from beaf_outputs.sql.upkeep import find

    return find(target, partition, target.options)


@hookimpl
def list_receipts(target: Target, partition: PartitionRun) -> Sequence[Receipt]:
    """Look up the receipts of the same table and universe whose days overlap."""
    from beaf_outputs.sql.upkeep import overlapping

    return overlapping(target, partition, target.options)


@hookimpl
def remove_output(target: Target, receipt: Receipt) -> bool:
    """Remove the rows of a partition, and its receipt."""
    from beaf_outputs.sql.upkeep import remove

    return remove(target, receipt, target.options)


def describe(location: str, storage_options: object = None) -> Described | None:
    """Tell what a table says of itself; None where the location is no database's."""
    from beaf_outputs.sql.upkeep import described

    return described(location)
