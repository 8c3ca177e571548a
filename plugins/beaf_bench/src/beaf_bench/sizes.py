"""How much data is there, and how is it spread over listings?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

LAYOUTS = ("listing", "time", "skew")


@dataclass(frozen=True, slots=True)
class Size:
    """The rows of one trade date.

    Attributes:
        listings: how many listings the venue has.
        l3: order messages.
        trades: prints.
        l2: states of the book.
        zipf: the exponent of activity over listings: rank r has weight r^-zipf.
        skewed: whether one listing has half of the rows of every table.
        seed: names the data.
    """

    listings: int
    l3: int
    trades: int
    l2: int
    zipf: float = 0.8
    skewed: bool = False
    seed: int = 7

    def times(self, factor: int) -> Size:
        """Return the same listings with that many times the rows."""
        return replace(self, l3=self.l3 * factor, trades=self.trades * factor, l2=self.l2 * factor)

    def with_skew(self) -> Size:
        """Return the same rows, half of them of one listing."""
        return replace(self, skewed=True)

    def rows(self) -> Mapping[str, int]:
        """Count the rows by table."""
        return {"l3": self.l3, "trades": self.trades, "l2": self.l2}

    def facts(self) -> dict[str, Any]:
        """Render as JSON-ready values."""
        return asdict(self)


#: Zipf exponents give the most active listing an eighth of the rows, as on a venue of equities.
SIZES: Mapping[str, Size] = {
    "thousand": Size(listings=5, l3=600, trades=150, l2=250),
    "tiny": Size(listings=6, l3=4_000, trades=1_000, l2=2_000),
    "small": Size(listings=100, l3=1_000_000, trades=200_000, l2=300_000),
    "medium": Size(listings=1_000, l3=20_000_000, trades=4_000_000, l2=5_000_000, zipf=1.0),
    "large": Size(listings=1_500, l3=200_000_000, trades=40_000_000, l2=50_000_000, zipf=1.0),
}
#: Those that a person chooses from; the others warm processes up, and test.
OFFERED = ("small", "medium", "large")
