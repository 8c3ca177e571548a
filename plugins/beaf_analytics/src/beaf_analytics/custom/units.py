"""In which unit does an expression come out, as far as the units of its columns are known?

A unit is a product of powers of a few words; what has none (counts, ratios, basis points) is one
and the same here. A price is money per share, so that Σ price · size is money, and Σ price · size
/ Σ size a price again; both are called `ccy`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Unit:
    """A product of powers: `{"ccy": 1, "shares": -1}` is money per share."""

    powers: tuple[tuple[str, Fraction], ...] = ()

    def __mul__(self, other: Unit) -> Unit:
        return _unit({w: self._power(w) + other._power(w) for w in self._words | other._words})

    def __truediv__(self, other: Unit) -> Unit:
        return self * other.raised(Fraction(-1))

    def raised(self, exponent: Fraction) -> Unit:
        """Return the unit to a power."""
        return _unit({word: power * exponent for word, power in self.powers})

    def __str__(self) -> str:
        above = [_raised(word, power) for word, power in self.powers if power > 0]
        below = [_raised(word, -power) for word, power in self.powers if power < 0]
        if not self.powers:
            return "ratio"
        return " / ".join([" · ".join(above) or "1", *below])

    @property
    def _words(self) -> set[str]:
        return {word for word, _ in self.powers}

    def _power(self, word: str) -> Fraction:
        return dict(self.powers).get(word, Fraction(0))


def _raised(word: str, power: Fraction) -> str:
    return word if power == 1 else f"{word}^{power}"


def _unit(powers: Mapping[str, Fraction | int]) -> Unit:
    return Unit(tuple(sorted((word, Fraction(power)) for word, power in powers.items() if power)))


NONE = Unit()
SHARES = _unit({"shares": 1})
MONEY = _unit({"ccy": 1})
PRICE = MONEY / SHARES
TIME = _unit({"time": 1})
EUR, USD = _unit({"ccy_eur": 1}), _unit({"ccy_usd": 1})

#: Table → pattern of columns → unit. What is not named is not known, and so not checked: `Price`
#: and `TradeNotional` of trades are in a currency that differs from trade to trade.
_COLUMNS: Mapping[str, Mapping[str, Unit]] = {
    "trades": {
        r"Size|BlockSize|Best(Bid|Ask)Size.*|OrderRemainingQty|BBORemainingQtyAtVenue": SHARES,
        r"InstrumentCurrencyPrice|Best(Bid|Ask)Price.*|(Pre|Post)TradeMid.*": PRICE,
        r"PricePoint.*|TradeNotionalBlockBps|PriorQuoteSizeRank": NONE,
        r"(Pre|Post)TradeElapsedTimeChg.*": TIME,
        "TradeNotionalEUR": EUR,
        "TradeNotionalUSD": USD,
    },
    "l2": {
        r"(Bid|Ask)Price\d+": PRICE,
        r"(Bid|Ask)Quantity\d+": SHARES,
        r"(Bid|Ask)NumOrders\d+|(Bid|Ask)LevelCount": NONE,
    },
    "l3": {
        r"(Old|Execution)?Price": PRICE,
        r"(Old|Execution)?Size|SizeAhead": SHARES,
        r"OrdersAhead|(Old)?PriceLevel": NONE,
    },
    "imbalance": {
        r"ReferencePrice|IndicativeUncrossingPrice|AuctionOnlyIndicativePrice": PRICE,
        r"Best(Bid|Ask)Price": PRICE,
        r"(Paired|Imbalance)Quantity": SHARES,
    },
}


def unit_of_column(table: str, column: str) -> Unit | None:
    """Return a column's unit; None where it is not known."""
    known = _COLUMNS.get("l2" if table == "cbbo" else table, {})
    return next((unit for each, unit in known.items() if re.fullmatch(each, column)), None)


#: What a count of a table's rows is called.
COUNTS: Mapping[str, str] = {"trades": "trades", "l3": "events", "l2": "states", "cbbo": "states"}

_WITHOUT = ("ratio", "bps", "percent", "trades", "orders", "events", "states", "quotes", "rows")
_TIMES = ("ns", "us", "ms", "s", "seconds", "minutes")
#: The word of `unit:` → what an expression of that unit comes out as.
_DECLARED: Mapping[str, tuple[Unit, ...]] = {
    **dict.fromkeys(_WITHOUT, (NONE,)),
    **dict.fromkeys(_TIMES, (TIME,)),
    "shares": (SHARES,),
    "ccy": (MONEY, PRICE),
    "ccy_eur": (EUR, EUR / SHARES),
    "ccy_usd": (USD, USD / SHARES),
    "1/ccy": (NONE / MONEY, NONE / PRICE),
}


def fits(declared: str, unit: Unit) -> bool:
    """Say whether an expression of that unit may be called so; a word unheard of always fits."""
    return unit in _DECLARED.get(declared, (unit,))


def word_of(unit: Unit) -> str:
    """Call a unit as `unit:` would."""
    found = (word for word, units in _DECLARED.items() if unit in units)
    return "ns" if unit == TIME else next(found, str(unit))
