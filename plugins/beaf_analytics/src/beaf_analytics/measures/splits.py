"""Do the parts of a sum make up the whole?"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from beaf_core import Identity

#: Sums of floats differ by the order of their parts, and means from a bound that they equal, in
#: their last digits; 1e-9 is far above that, and below any tick.
TOLERANCE = 1e-9


def adds_up(parts: Sequence[str], whole: str) -> Identity:
    """Claim that columns that are never negative add up to another, within rounding."""
    total = pl.sum_horizontal(parts, ignore_nulls=False)
    holds = (total - pl.col(whole)).abs() <= TOLERANCE * total
    return Identity(f"{' + '.join(parts)} = {whole}", holds)
