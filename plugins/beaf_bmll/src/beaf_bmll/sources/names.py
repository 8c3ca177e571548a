"""What does the vendor call our tables and columns?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beaf_core import TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LISTING = "ListingId"
#: What order books call the listing that they are of.
OBJECT = "BMLLObjectId"

#: Table → its name in bmll2.
# Guess: market-state and imbalance are called so there; trades-plus, l2, l3, cbbo are known.
IN_LAB: Mapping[str, str] = {
    "trades": "trades-plus",
    "l2": "l2",
    "l3": "l3",
    "cbbo": "cbbo",
    "marketstate": "market-state",
    "imbalance": "imbalance",
}
#: Table → its names in the Data API, best first: the server lists those that it has.
# Guess: market_state and imbalance are called so there; the others stand in the SDK's examples.
IN_API: Mapping[str, tuple[str, ...]] = {
    "trades": ("trades_plus", "trades"),
    "l2": ("l2",),
    "l3": ("l3",),
    "cbbo": ("cbbo",),
    "marketstate": ("market_state", "marketstate"),
    "imbalance": ("imbalance",),
}


def in_file(column: str, present: Collection[str]) -> str:
    """Name the vendor's column for one of ours, whether or not it is there."""
    if column == LISTING and LISTING not in present and OBJECT in present:
        return OBJECT
    return column


def ours(present: Collection[str]) -> dict[str, str]:
    """Map our names to the vendor's, for everything that is there, in its order."""
    listing = in_file(LISTING, present)
    return {LISTING if name == listing else name: name for name in present}


def known_columns(table: str) -> list[str]:
    """List the columns of a table that BEAF knows by name."""
    return list(TABLES[table].columns)
