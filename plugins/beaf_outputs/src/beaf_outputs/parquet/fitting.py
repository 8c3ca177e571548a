"""May rows with these columns join a dataset, and what becomes of it where they differ?"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from beaf_core import ResourceError, Target, UsageError
from beaf_outputs.parquet.common import option
from beaf_outputs.parquet.records import Version, all_records, latest, publish
from beaf_outputs.stores import Store

#: Writers that meet in changing the columns of a dataset each need one turn.
_TURNS = 50


def fitted(store: Store, schema: pl.Schema, target: Target) -> tuple[Version, Version | None]:
    """Find the version of a dataset that rows of these columns belong to, or publish one.

    Returns:
        The version; and the one that it is to replace, where it is not published yet: the dataset
        begins anew.

    Raises:
        UsageError: `schema_mode` does not allow the columns.
    """
    columns = target.partition_columns
    for _ in range(_TURNS):
        current = latest(store)
        if current is not None and _takes(current, schema, columns):
            return current, None
        if current is None:
            wanted = Version.first(schema, columns)
        elif option(target, "schema_mode", "strict") == "overwrite":
            return current.anew(schema, columns), current
        elif not store.names(all_records(current)):
            # The columns of a run that wrote nothing bind nobody.
            wanted = current.next(schema, columns)
        else:
            wanted = current.next(_joined(store.root, current, schema, target), columns)
            if wanted.schema == current.schema:
                return current, None
        if publish(store, wanted):
            return wanted, None
    raise ResourceError(
        f"other writers keep changing the columns of {store.root}",
        remedy="run again once they have ended",
    )


def _takes(version: Version, schema: pl.Schema, partition_columns: tuple[str, ...]) -> bool:
    return dict(version.schema) == dict(schema) and version.partition_columns == partition_columns


def _joined(root: str, current: Version, schema: pl.Schema, target: Target) -> pl.Schema:
    """Return the columns of a dataset with those that are new.

    Raises:
        UsageError: they may not be added, or something else differs.
    """
    adds = option(target, "schema_mode", "strict") == "add_columns"
    faults = list(_conflicts(current, schema, target.partition_columns))
    names = [] if adds else list(_other_names(current, schema))
    if faults or names:
        raise UsageError(
            f"{root} holds other columns than the pass {target.pass_name} yields: "
            + "; ".join([*faults, *names]),
            remedy="set OUTPUT_TARGET.schema_mode to "
            + ("" if faults else "add_columns, or to ")
            + "overwrite to begin the dataset anew with this partition alone; "
            "or change OUTPUT_TARGET.path_template",
        )
    return pl.Schema({**current.schema, **schema})


def _conflicts(
    current: Version, schema: pl.Schema, partition_columns: tuple[str, ...]
) -> Iterator[str]:
    if current.partition_columns != partition_columns:
        there, here = (", ".join(each) for each in (current.partition_columns, partition_columns))
        yield f"it is partitioned by {there}, not by {here}"
    for name, dtype in current.schema.items():
        if name in schema and schema[name] != dtype:
            yield f"{name} is {dtype} there and {schema[name]} here"


def _other_names(current: Version, schema: pl.Schema) -> Iterator[str]:
    lacking = [each for each in current.schema if each not in schema]
    new = [each for each in schema if each not in current.schema]
    for told, names in (("lacking", lacking), ("new", new)):
        if names:
            more = f" and {len(names) - 8} more" if len(names) > 8 else ""
            yield f"{told}: {', '.join(names[:8])}{more}"
