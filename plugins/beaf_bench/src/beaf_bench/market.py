"""What happens to one listing on a day? Its book, trades and order messages, drawn from a seed.

Not a simulation of anybody's market, but of what costs time: many small groups and few large ones,
ties, bursts at the open and close, order ids as text, lifetimes over six orders of magnitude,
one-sided books, orders that never end.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from beaf_bench.sizes import Size

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Mask = NDArray[np.bool_]

#: A Monday.
DAY = "2026-01-05"
MIC = "XLON"
DEPTH = 10
TICK = 0.01

_SECOND = 1_000_000_000
_MIDNIGHT = int(np.datetime64(DAY, "ns").astype(np.int64))
_OPEN, _CLOSE = _MIDNIGHT + 8 * 3600 * _SECOND, _MIDNIGHT + (16 * 3600 + 1800) * _SECOND

#: How much denser the open and the close are than noon: the density runs like 1 / (1 - u cos).
_U_SHAPE = 0.6
#: One row in ten has the time of the row before it; only the sequence orders them.
_TIES = 0.1
#: One state of the book in 300 has no asks.
_ONE_SIDED = 1 / 300

_INSERT, _REMOVE, _UPDATE = 2, 3, 4
#: Messages per order: it begins, one in five changes, nine in ten end before the close.
_MESSAGES = 2.0


def listing_ids(size: Size) -> Integers:
    """Number the listings."""
    return 100_001 + np.arange(size.listings, dtype=np.int64)


def shares(size: Size) -> Floats:
    """Return each listing's share of the rows; the busiest stand anywhere."""
    ranks = np.arange(1, size.listings + 1, dtype=np.float64)
    weights = ranks**-size.zipf
    if size.skewed:
        weights[0] = weights[1:].sum()
    shuffled = np.random.default_rng([size.seed, 0]).permutation(weights)
    divided: Floats = shuffled / shuffled.sum()
    return divided


def reference(size: Size) -> pl.DataFrame:
    """Return the venue's reference table; one listing in twenty is not alive.

    So the universe is not simply all that a file holds, and every contestant has to filter.
    """
    ids = listing_ids(size)
    # The least active of each twenty, so that the rows stay those that the size names.
    order = np.argsort(shares(size))
    dead = ids[order[: max(1, len(ids) // 20)]]
    return pl.DataFrame(
        {
            "ListingId": ids,
            "InstrumentId": ids + 1_000_000,
            "MIC": MIC,
            "OPOL": MIC,
            "Ticker": [f"T{each}" for each in ids],
            "CurrencyCode": "GBX",
            "IsAlive": ~np.isin(ids, dead),
        }
    ).with_columns(pl.lit(DAY).str.to_datetime(time_unit="ms").alias("Date"))


@dataclass(frozen=True)
class Listing:
    """One listing's day.

    Attributes:
        size: the whole venue.
        place: the listing's place among the others.
        rows: table → its rows.
    """

    size: Size
    place: int
    rows: dict[str, int]

    @property
    def id(self) -> int:
        """The ListingId."""
        return int(listing_ids(self.size)[self.place])

    def table(self, name: str) -> pl.DataFrame:
        """Return its rows of a table, in (time, sequence) order."""
        return {"l2": self._l2, "trades": self._trades, "l3": self._l3}[name]()

    def _random(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.size.seed, 1 + self.place, purpose])

    def _keys(self, times: Integers, time: str) -> dict[str, Any]:
        # Unique over the venue, ascending within the listing.
        sequence = np.arange(1, len(times) + 1) * self.size.listings + self.place
        return {
            "ListingId": np.full(len(times), self.id),
            time: pl.Series(times).cast(pl.Datetime("ns")),
            "BMLLSequenceNo": sequence,
        }

    # -- the book ------------------------------------------------------------------------------

    @cached_property
    def _quotes(self) -> tuple[Integers, Integers, Integers]:
        """Times of the book's states, bid and spread in ticks."""
        draw = self._random(1)
        count = self.rows["l2"]
        steps = draw.choice([-1, 0, 1], size=count, p=[0.05, 0.9, 0.05])
        # Folded, so that no price comes near zero.
        walk = np.abs(np.cumsum(steps) % 4_000 - 2_000) + 3_000 + 10 * (self.place % 200)
        spread = 1 + _held(draw, count, 0.1, draw.geometric(0.5, count))
        return _times(draw, count), walk.astype(np.int64), spread

    def _l2(self) -> pl.DataFrame:
        times, bid, spread = self._quotes
        draw = self._random(2)
        asks = draw.random(len(times)) >= _ONE_SIDED
        columns = self._keys(times, "TimestampNanoseconds")
        everywhere = np.ones(len(times), dtype=bool)
        for level in range(1, DEPTH + 1):
            away = level - 1
            for side, ticks, there in (
                ("Bid", bid - away, everywhere),
                ("Ask", bid + spread + away, asks),
            ):
                quantity = _held(draw, len(times), 0.08, draw.integers(1, 5_000, len(times)))
                columns |= _level(side, level, ticks, quantity, there)
        return pl.DataFrame(columns).with_columns(**_constants(MarketState="CONTINUOUS_TRADING"))

    # -- trades --------------------------------------------------------------------------------

    def _trades(self) -> pl.DataFrame:
        draw, count = self._random(3), self.rows["trades"]
        times = _times(draw, count)
        quoted, bid, spread = self._quotes
        state = np.maximum(np.searchsorted(quoted, times, side="right") - 1, 0)
        # 1 buys, 2 sells, 0 is not known and trades between the quotes.
        side = draw.choice([0, 1, 2], size=count, p=[0.04, 0.48, 0.48])
        ticks = np.where(side == 1, bid[state] + spread[state], bid[state]).astype(np.float64)
        price = np.round((ticks + np.where(side == 0, spread[state] / 2, 0)) * TICK, 4)
        size = np.ceil(draw.lognormal(4.5, 1.2, count))
        return pl.DataFrame(
            {
                **self._keys(times, "TradeTimestampNanoseconds"),
                "Price": price,
                "InstrumentCurrencyPrice": price,
                "Size": size,
                "AggressorSide": side.astype(np.int64),
                "TradeNotional": price * size,
            }
        ).with_columns(
            **_constants(MarketState="CONTINUOUS_TRADING", Classification="LIT_CONTINUOUS", MIC=MIC)
        )

    # -- orders --------------------------------------------------------------------------------

    def _l3(self) -> pl.DataFrame:
        draw, count = self._random(4), self.rows["l3"]
        orders = _Orders(draw, max(8, int(count / _MESSAGES)))
        messages = orders.messages()
        while len(messages[0]) < count:
            orders = _Orders(draw, int(len(orders.begin) * 1.2) + 8)
            messages = orders.messages()
        # The last of the day are cut away: some orders never end in the data.
        times, order, action = (each[:count] for each in messages)
        times = _tied(draw, times)
        base = 348_983_000_000_000_000 + self.place * 10_000_000_000
        return orders.frame(self._keys(times, "TimestampNanoseconds"), order, action, base)


class _Orders:
    """The orders of one listing, and the messages about them."""

    def __init__(self, draw: np.random.Generator, count: int) -> None:
        self.begin = _times(draw, count)
        # Median 0.8 s; one in a hundred lives less than 0.25 ms, one in a hundred over 40 min.
        life = np.exp(draw.normal(np.log(0.8e9), 3.46, count)).clip(1_000, 1e14)
        self.end = self.begin + life.astype(np.int64)
        self.changes = draw.random(count) < 0.2
        self.change = self.begin + (life * draw.random(count)).astype(np.int64)
        self.side = draw.integers(1, 3, count)
        self.ticks = 3_000 + draw.integers(-40, 40, count) + (self.begin - _OPEN) // 10**12
        self.size = draw.integers(1, 60, count) * 50
        self.executed = draw.random(count) < 0.1
        self.level = draw.geometric(0.25, count)
        # A few orders were there before the data begin: they only end in it.
        self.known = draw.random(count) >= 0.02
        self.numbers = np.cumsum(draw.integers(1, 90, count))

    def messages(self) -> tuple[Integers, Integers, Integers]:
        """Return time, order and action of every message before the close, in order."""
        number = np.arange(len(self.begin))
        inserted, changed = number[self.known], number[self.changes]
        time = np.concatenate([self.begin[inserted], self.change[changed], self.end])
        order = np.concatenate([inserted, changed, number])
        action = np.concatenate(
            [
                np.full(len(inserted), _INSERT),
                np.full(len(changed), _UPDATE),
                np.full(len(number), _REMOVE),
            ]
        )
        kept = np.flatnonzero(time < _CLOSE)
        ranked = kept[np.argsort(time[kept], kind="stable")]
        return time[ranked], order[ranked], action[ranked]

    def frame(
        self, keys: dict[str, Any], order: Integers, action: Integers, base: int
    ) -> pl.DataFrame:
        """Write the messages as rows of L3."""
        there, gone = action != _REMOVE, action != _INSERT
        size, changed = self.size[order], self.changes[order]
        halved = np.maximum(size // 2, 1)
        price = self.ticks[order] * TICK
        before = np.where((action == _REMOVE) & changed, halved, size)
        executed = (action == _REMOVE) & self.executed[order]
        names = pl.Series(base + self.numbers[order]).cast(pl.String)
        level = self.level[order]
        columns = {
            **keys,
            "Side": self.side[order],
            "LobAction": action,
            "Price": _where(there, price),
            "Size": np.where(there, np.where(action == _UPDATE, halved, size), 0),
            "OldPrice": _where(gone, price),
            "OldSize": np.where(gone, before, 0),
            "OrderExecuted": executed,
            "ExecutionPrice": _where(executed, price),
            "ExecutionSize": np.where(executed, before, 0),
            "PriceLevel": np.where(there, level, 0),
            "OldPriceLevel": np.where(gone, level, 0),
        }
        return pl.DataFrame(columns).with_columns(
            pl.when(pl.Series(there)).then(names).otherwise(pl.lit("")).alias("OrderId"),
            pl.when(pl.Series(gone)).then(names).otherwise(pl.lit("")).alias("OldOrderId"),
            **_constants(MarketState="CONTINUOUS_TRADING"),
        )


def _times(draw: np.random.Generator, count: int) -> Integers:
    """Draw ascending times of the session: dense at its ends, some of them tied."""
    place = np.sort(draw.random(count))
    bent = place - _U_SHAPE * np.sin(2 * np.pi * place) / (2 * np.pi)
    times = _OPEN + (bent * (_CLOSE - _OPEN)).astype(np.int64)
    return _tied(draw, times)


def _tied(draw: np.random.Generator, times: Integers) -> Integers:
    tied = draw.random(len(times)) < _TIES
    if len(times):
        tied[0] = False
    return np.maximum.accumulate(np.where(tied, 0, times)).astype(np.int64)


def _held(draw: np.random.Generator, count: int, share: float, values: Any) -> Integers:
    """Let a value stand until it changes, in that share of the rows."""
    changes = draw.random(count) < share
    place = np.maximum.accumulate(np.where(changes, np.arange(count), 0))
    return np.asarray(values[place], dtype=np.int64)


def _level(
    side: str, level: int, ticks: Integers, quantity: Integers, there: Mask
) -> dict[str, Any]:
    return {
        f"{side}Price{level}": _where(there, ticks * TICK),
        f"{side}Quantity{level}": np.where(there, quantity, 0),
        f"{side}NumOrders{level}": np.where(there, 1 + quantity // 500, 0).astype(np.int32),
    }


def _where(there: Mask, values: Any) -> pl.Series:
    """Hold floats where they are, and null elsewhere."""
    return pl.Series(np.where(there, np.round(values, 4), np.nan)).fill_nan(None)


def _constants(**texts: str) -> dict[str, pl.Expr]:
    date = pl.lit(DAY).str.to_datetime(time_unit="ms")
    return {"TradeDate": date, **{name: pl.lit(text) for name, text in texts.items()}}
