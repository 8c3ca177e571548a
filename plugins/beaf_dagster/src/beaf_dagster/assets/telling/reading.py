"""What of an output that stands can be read back, once it is written?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from beaf_core import redact_text
from beaf_dagster.assets.telling.told import partition_of

if TYPE_CHECKING:
    import polars as pl

    from beaf_dagster.assets.telling.told import Told


@dataclass(frozen=True)
class Reading:
    """An output that was opened.

    Attributes:
        rows: its rows, not read yet; None where there are none.
        schema: its columns.
        note: why it could not be opened.
    """

    rows: pl.LazyFrame | None = None
    schema: Mapping[str, pl.DataType] = field(default_factory=dict)
    note: str = ""


def read(told: Told) -> Reading:
    """Open the newest partition that stands, by the output's own plugin."""
    outcome = told.newest
    if outcome is None:
        return Reading()
    host, target = told.pipeline.ready.host, told.resolved.targets[0]
    try:
        rows = host.read_output(target, [partition_of(outcome)])
        return Reading() if rows is None else Reading(rows, rows.collect_schema())
    except Exception as error:  # noqa: BLE001 — what is written stands, whoever fails to read it
        return Reading(note=said("the output cannot be opened for its columns", error))


def said(what: str, error: Exception) -> str:
    """Say what could not be done, and the first line of why, without secrets."""
    why = str(error).strip().partition("\n")[0]
    return redact_text(f"{what}: {type(error).__name__}: {why}")
