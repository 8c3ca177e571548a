"""Does what modules declare to hold between their columns hold in every row?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import polars as pl

from beaf_core.engine.compiler.keys import named

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass
    from beaf_core.model.primitives import Identity

_HOLDS = "__holds"


def broken(resolved: ResolvedPass, frame: pl.DataFrame) -> Iterator[str]:
    """Tell which identities fail in how many rows, and which cannot be evaluated.

    Null counts as holding: where a measure has no value, nothing is claimed of it.
    """
    for each in resolved.modules:
        for identity in each.identities:
            fault = _fault(identity, frame, resolved.keys)
            if fault:
                yield f"module {each.module.name}: {identity.name} {fault}"


def _fault(identity: Identity, frame: pl.DataFrame, keys: Sequence[str]) -> str | None:
    try:
        judged = frame.with_columns(identity.holds.alias(_HOLDS))
    except Exception as error:  # noqa: BLE001 — a plugin's expression may raise anything
        first = str(error).partition("\n")[0]
        return f"cannot be evaluated: {type(error).__name__}: {first}"
    if judged.schema[_HOLDS] not in (pl.Boolean, pl.Null):
        return f"is no condition, but a column of {judged.schema[_HOLDS]}"
    failing = judged.filter(~pl.col(_HOLDS))
    if failing.is_empty():
        return None
    example = failing.row(0, named=True)
    values = ", ".join(
        f"{name} {example[name]}" for name in identity.holds.meta.root_names() if name in example
    )
    return (
        f"fails in {failing.height} of {frame.height} rows, such as {named(example, keys)}: "
        f"{values}"
    )
