"""What can be asked of the module `consolidate`?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from beaf_analytics.measures.expand import MarketState, ModuleOptions, OneOrMore
from beaf_analytics.measures.quotes import Quotes

CommonMeasure = Literal[
    "CBB",
    "CBO",
    "CBBSize",
    "CBOSize",
    "CBBOSpreadBpsTWA",
    "CBBOLockedShare",
    "CBBOCrossedShare",
    "CBBVenueCountTWA",
    "CBOVenueCountTWA",
    "CBBOVenueCountTWA",
]


class ConsolidateOptions(ModuleOptions):
    """Options of the section `consolidate_analytics`."""

    made_of: Literal["l2", "l3"] = Field(
        "l2",
        description="What the venues' books come from: the source's table `l2`, or the order "
        "messages of `l3`.",
    )
    venues: Annotated[list[str], OneOrMore] | None = Field(
        None, min_length=1, description="MICs of the venues that take part; None means all."
    )
    levels: int = Field(
        10, ge=1, le=10, description="Levels that are read of each venue, and kept of all."
    )
    left_out: Annotated[list[MarketState], OneOrMore] = Field(
        default=["CLOSED", "HALTED"],
        description="A venue whose book is in one of these states shows nothing.",
    )
    max_age: float | None = Field(
        None,
        gt=0,
        description="Seconds after which a book that its venue has not touched shows nothing.",
    )
    measures: Annotated[list[CommonMeasure], OneOrMore] = Field(
        default=[], description="Columns of the common book's best prices; none unless asked for."
    )
    quotes: Quotes = Field(
        "valid",
        description="Which states count for prices, sizes and spreads: `valid` is uncrossed in "
        "continuous trading.",
    )
    market_states: Annotated[list[MarketState], OneOrMore] | None = Field(
        None,
        description="Only in these market states of the common book; None means continuous "
        "trading, unless `quotes` says otherwise.",
    )
