"""Which small expressions do measures share?"""

from __future__ import annotations

import polars as pl


def ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """Divide; a zero denominator gives null, never NaN, infinity or a fudge."""
    return pl.when(denominator != 0).then(numerator / denominator)
