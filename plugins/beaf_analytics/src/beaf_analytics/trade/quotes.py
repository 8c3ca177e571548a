"""Which prices do trades carry of the quotes around them, and when are those to be believed?"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from beaf_analytics.measures.quotes import Quotes
from beaf_analytics.trade.words import Reference

#: Whose best quotes: of all venues, of the primary one, of the trade's own.
PLACES = ("", "AtPrimary", "AtVenue")


def best(side: str, place: str, quotes: Quotes) -> pl.Expr:
    """Render the best bid or ask when it traded; null where the quote does not count.

    Args:
        side: `Bid` or `Ask`.
        place: one of `PLACES`.
        quotes: which quotes count. A trade says nothing of the phase, so that `valid` is the same
            as `uncrossed`: that trades are of continuous trading is up to their classification.
    """
    return _where_accepted(pl.col(f"Best{side}Price{place}"), place, quotes)


def mid(place: str, quotes: Quotes) -> pl.Expr:
    """Render the mid of the best quotes when it traded; null where these do not count."""
    bid, ask = pl.col(f"BestBidPrice{place}"), pl.col(f"BestAskPrice{place}")
    return _where_accepted((bid + ask) / 2, place, quotes)


def stored(column: str, quotes: Quotes) -> pl.Expr:
    """Render a price that the source worked out; of its quotes only the sign can be seen."""
    price = pl.col(column)
    return price if quotes == "any" else pl.when(price > 0).then(price)


def _where_accepted(price: pl.Expr, place: str, quotes: Quotes) -> pl.Expr:
    bid, ask = pl.col(f"BestBidPrice{place}"), pl.col(f"BestAskPrice{place}")
    if quotes == "any":
        return price
    two_sided = (bid > 0) & (ask > 0)
    return pl.when(two_sided if quotes == "two_sided" else two_sided & (ask > bid)).then(price)


def reference(word: Reference, quotes: Quotes) -> pl.Expr:
    """Render the price that a trade's is compared with."""
    if word in _STORED:
        return stored(_STORED[word], quotes)
    if word in ("PreTradeMid", "MidPrice"):
        return mid("", quotes)
    side, place = word[4:7], word[7:]  # BestBidAtVenue
    return best(side, place, quotes)


_STORED: Mapping[str, str] = {"MidAtPrimary": "PostTradeMidAtPrimary", "EBBO": "PostTradeMid"}

REFERENCE_WORDS: Mapping[Reference, str] = {
    "MidAtPrimary": "the mid of the primary venue after the trade",
    "EBBO": "the mid of the best quotes of all venues after the trade",
    "PreTradeMid": "the mid of the best quotes when it traded",
    "MidPrice": "the mid of the best quotes when it traded",
    "BestBid": "the best bid",
    "BestAsk": "the best ask",
    "BestBidAtVenue": "the best bid of its venue",
    "BestAskAtVenue": "the best ask of its venue",
    "BestBidAtPrimary": "the best bid of the primary venue",
    "BestAskAtPrimary": "the best ask of the primary venue",
}
