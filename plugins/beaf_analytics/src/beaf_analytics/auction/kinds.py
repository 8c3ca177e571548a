"""Which prints and messages belong to which kind of auction?

This is the one place that knows the codes. A print is one of an auction where its Classification
says AUCTION. Which one, its Classification says; where it names none, the market state of the print
does. The state alone would not do: at the moment of the uncrossing it may be the next one already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

Kind = Literal["Open", "Close", "Intraday", "Unscheduled", "OnDemand", "Total"]


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of a kind of auction.

    Attributes:
        words: what a Classification contains that names it.
        states: the market states of its call.
        doc: what it is called in a sentence.
    """

    words: Sequence[str]
    states: Sequence[str]
    doc: str


CODES: Mapping[Kind, Codes] = {
    "Open": Codes(("OPENING_AUCTION",), ("OPENING_AUCTION",), "the opening auction"),
    "Close": Codes(("CLOSING_AUCTION",), ("CLOSING_AUCTION",), "the closing auction"),
    "Intraday": Codes(("INTRADAY_AUCTION",), ("INTRADAY_AUCTION",), "the intraday auction"),
    "Unscheduled": Codes(
        ("UNSCHEDULED_AUCTION", "VOLATILITY_AUCTION"),
        ("UNSCHEDULED_AUCTION",),
        "unscheduled auctions (after a halt or a leap of the price)",
    ),
    "OnDemand": Codes(
        ("PERIODIC_AUCTION", "AUCTION_ON_DEMAND"),
        ("AUCTION_ON_DEMAND",),
        "auctions on demand, also called periodic",
    ),
}
TOTAL = "all auctions"

_CLASSIFICATION, _STATE = pl.col("Classification"), pl.col("MarketState")

#: The prints of all auctions.
AUCTION = _CLASSIFICATION.str.contains_any(["AUCTION"])


def prints_of(kind: Kind) -> pl.Expr:
    """Render the condition on prints of one kind of auction; `Total` is all of them."""
    if kind == "Total":
        return AUCTION
    codes = CODES[kind]
    words = [word for each in CODES.values() for word in each.words]
    nameless = AUCTION & ~_CLASSIFICATION.str.contains_any(words)
    named = _CLASSIFICATION.str.contains_any(list(codes.words))
    return named | (nameless & _STATE.is_in(list(codes.states)))


def calls_of(kind: Kind) -> pl.Expr:
    """Render the condition on messages of the calls of one kind; `Total` is all of them."""
    chosen = CODES.values() if kind == "Total" else [CODES[kind]]
    return _STATE.is_in([state for each in chosen for state in each.states])


def told(kind: Kind) -> str:
    """Say what a kind is called in a sentence."""
    return TOTAL if kind == "Total" else CODES[kind].doc
