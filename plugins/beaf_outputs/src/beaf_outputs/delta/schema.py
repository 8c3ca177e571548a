"""Do the columns of a partition agree with those of the table, and what becomes of the table's?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
from deltalake import Field, Schema

from beaf_core import UsageError
from beaf_outputs.added import PARTITION_KEY
from beaf_outputs.delta.table import LAYOUT, MARK, Table
from beaf_outputs.kept import check_names

#: The feature of tables that hold timestamps without a time zone.
TIMESTAMP_NTZ = "timestampNtz"

_OF_THE_KEY = {
    "comment": "The partition that the row is of: rows of one are replaced together.",
    MARK: LAYOUT,
}


def delta_schema(stored: pl.Schema, said: Mapping[str, Mapping[str, str]]) -> Schema:
    """Spell columns as Delta does, with what they mean, and `PartitionKey` as the last one.

    Args:
        stored: the columns as they are stored.
        said: column → metadata, `comment` above all.
    """
    columns = pl.Schema({**stored, PARTITION_KEY: pl.String()})
    check_names(columns)
    plain = Schema.from_arrow(pl.DataFrame(schema=columns).to_arrow().schema)
    meaning = {**said, PARTITION_KEY: _OF_THE_KEY}
    return Schema(
        [
            Field(each.name, each.type, nullable=True, metadata=dict(meaning.get(each.name, {})))
            for each in plain.fields
        ]
    )


def agreed(
    table: Table,
    mine: Schema,
    partition_by: Sequence[str],
    *,
    absent: Sequence[str],
    add_columns: bool,
) -> Schema:
    """Return the table's columns after the write, in the table's order.

    Args:
        table: as it stands.
        mine: the columns of the partition.
        partition_by: what the partition's files are sorted into.
        absent: columns that the partition has, but without any value.
        add_columns: whether columns may be new, or absent.

    Raises:
        UsageError: they differ; the message names how.
    """
    if table.partition_columns != list(partition_by):
        raise UsageError(
            f"the table is partitioned by {', '.join(table.partition_columns)}, "
            f"not by {', '.join(partition_by)}",
            remedy="set OUTPUT_TARGET.partition_columns as before, "
            "or make the table anew with schema_mode: overwrite",
        )
    theirs = {each.name: each for each in table.raw.schema().fields}
    ours = {each.name: each for each in mine.fields}
    changed = [name for name in ours if name in theirs and ours[name].type != theirs[name].type]
    new = [name for name in ours if name not in theirs]
    gone = [name for name in theirs if name not in ours and name not in absent]
    if changed or ((new or gone) and not add_columns):
        told = [
            f"{name} is {_kind(theirs[name])} there and {_kind(ours[name])} now" for name in changed
        ]
        told += [f"{name} is new" for name in new if not add_columns]
        told += [f"{name} is gone" for name in gone if not add_columns]
        raise UsageError(
            f"the columns are not those of the table: {'; '.join(told[:8])}"
            + (f"; and {len(told) - 8} more" if len(told) > 8 else ""),
            remedy="schema_mode: overwrite makes the table anew, without its other partitions"
            if changed
            else "schema_mode: add_columns adds what is new, and leaves what is gone null",
        )
    kept = [ours.get(name, field) for name, field in theirs.items()]
    return Schema([*kept, *(ours[name] for name in new)])


def needs_ntz(schema: Schema) -> bool:
    """Say whether a table of these columns must have the feature of naive timestamps."""
    return '"timestamp_ntz"' in schema.to_json()


def _kind(field: Field) -> str:
    text: str = field.type.to_json()
    return text.strip('"')
