"""By which columns are rows of a result told apart?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

LISTING = "ListingId"
BUCKET = "TimeBucket"
KEYS = (LISTING, BUCKET)
#: The last trade date that contributes to a bucket: whose reference data it carries.
DAY = "__day"
#: The first one; another only where a bucket lies across midnight.
FIRST_DAY = "__first_day"


def named(row: Mapping[str, object], keys: Iterable[str]) -> str:
    """Name a row for people: `listing 101 at 2025-01-06 09:01:00`, `IndexId TINY at …`."""
    others = [name for name in keys if name != BUCKET]
    told = [f"{'listing' if name == LISTING else name} {row[name]}" for name in others]
    at = f" at {row[BUCKET]}" if BUCKET in row and BUCKET in keys else ""
    return f"{', '.join(told) or 'the row'}{at}"
