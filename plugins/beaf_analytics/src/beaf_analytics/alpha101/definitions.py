"""Which alphas are there? Kakushadze (2015), "101 Formulaic Alphas", appendix A."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from beaf_analytics.alpha101.operators import Panel, log
from beaf_analytics.measures.expressions import ratio

OPEN, HIGH, LOW = pl.col("open"), pl.col("high"), pl.col("low")
CLOSE, VOLUME, VWAP = pl.col("close"), pl.col("volume"), pl.col("vwap")


@dataclass(frozen=True, slots=True)
class Alpha:
    """One alpha.

    Attributes:
        value: the bars → its value.
        needs: the columns of a bar that it is made of.
        doc: what it looks for.
        formula: as the paper has it.
        unit: the unit of its values.
    """

    value: Callable[[Panel], pl.Expr]
    needs: tuple[str, ...]
    doc: str
    formula: str
    unit: str = "ratio"


def alpha001(p: Panel) -> pl.Expr:
    """Rank of how recently the largest of five squared values was seen, less one half."""
    returns = p.returns()
    fell = pl.when(returns < 0).then(p.stddev(returns, 20)).otherwise(CLOSE)
    value = pl.when(returns.is_not_null()).then(fell)
    # The paper squares the values, with their signs: the largest stays the largest.
    return p.rank(p.ts_argmax(value, 5)) - 0.5


def alpha002(p: Panel) -> pl.Expr:
    """Contrary correlation of ranks of volume growth and of the move inside the bucket."""
    # The paper's (close - open) / open is one less, and ranks alike.
    return -p.correlation(p.rank(p.delta(log(VOLUME), 2)), p.rank(ratio(CLOSE, OPEN)), 6)


def alpha003(p: Panel) -> pl.Expr:
    """Contrary correlation of ranks of open and volume."""
    return -p.correlation(p.rank(OPEN), p.rank(VOLUME), 10)


def alpha004(p: Panel) -> pl.Expr:
    """Contrary rank in time of the rank of the low."""
    return -p.ts_rank(p.rank(LOW), 9)


def alpha005(p: Panel) -> pl.Expr:
    """Rank of the open against its mean VWAP, times the contrary rank of close against VWAP."""
    return p.rank(OPEN - p.sum(VWAP, 10) / (10 * p.scale)) * -p.rank(CLOSE - VWAP).abs()


def alpha006(p: Panel) -> pl.Expr:
    """Contrary correlation of open and volume."""
    return -p.correlation(OPEN, VOLUME, 10)


def alpha007(p: Panel) -> pl.Expr:
    """Contrary move of the close where volume is above its mean, else -1."""
    moved = p.delta(CLOSE, 7)
    against = -p.ts_rank(moved.abs(), 60) * moved.sign()
    usual = p.mean(VOLUME, 20)
    return pl.when(usual < VOLUME).then(against).when(usual.is_not_null()).then(-1.0)


def alpha008(p: Panel) -> pl.Expr:
    """Contrary rank of how the product of opens and returns has grown."""
    product = p.sum(OPEN, 5) * p.sum(p.returns(), 5)
    return -p.rank(p.delta(product, 10))


def alpha009(p: Panel) -> pl.Expr:
    """Follow a move that has had one direction for five buckets, else go against it."""
    return _trend(p, 5)


def alpha010(p: Panel) -> pl.Expr:
    """Rank of a move that is followed where it has had one direction for four buckets."""
    return p.rank(_trend(p, 4))


def _trend(p: Panel, buckets: int) -> pl.Expr:
    moved = p.delta(CLOSE, 1)
    least, most = p.ts_min(moved, buckets), p.ts_max(moved, buckets)
    follows = (least > 0) | (most < 0)
    return pl.when(follows).then(moved).when(least.is_not_null()).then(-moved)


def alpha101(_: Panel) -> pl.Expr:
    """Move inside the bucket against its range; 0.001 is the paper's own."""
    return (CLOSE - OPEN) / (HIGH - LOW + 0.001)


def _alpha(
    value: Callable[[Panel], pl.Expr], needs: str, formula: str, unit: str = "ratio"
) -> Alpha:
    return Alpha(value, tuple(needs.split()), (value.__doc__ or "").strip(), formula, unit)


ALPHAS: Mapping[int, Alpha] = {
    1: _alpha(
        alpha001,
        "close",
        "rank(ts_argmax(signedpower(returns < 0 ? stddev(returns, 20) : close, 2), 5)) - 0.5",
    ),
    2: _alpha(
        alpha002,
        "open close volume",
        "-correlation(rank(delta(log(volume), 2)), rank((close - open) / open), 6)",
    ),
    3: _alpha(alpha003, "open volume", "-correlation(rank(open), rank(volume), 10)"),
    4: _alpha(alpha004, "low", "-ts_rank(rank(low), 9)"),
    5: _alpha(
        alpha005,
        "open close vwap",
        "rank(open - sum(vwap, 10) / 10) * -abs(rank(close - vwap))",
    ),
    6: _alpha(alpha006, "open volume", "-correlation(open, volume, 10)"),
    7: _alpha(
        alpha007,
        "close volume",
        "adv20 < volume ? -ts_rank(abs(delta(close, 7)), 60) * sign(delta(close, 7)) : -1, "
        "adv20 = mean(volume, 20)",
    ),
    8: _alpha(
        alpha008,
        "open close",
        "-rank(sum(open, 5) * sum(returns, 5) - delay(sum(open, 5) * sum(returns, 5), 10))",
    ),
    9: _alpha(
        alpha009,
        "close",
        "0 < ts_min(delta(close, 1), 5) or ts_max(delta(close, 1), 5) < 0 ? delta(close, 1) "
        ": -delta(close, 1)",
        "ccy",
    ),
    10: _alpha(
        alpha010,
        "close",
        "rank(0 < ts_min(delta(close, 1), 4) or ts_max(delta(close, 1), 4) < 0 "
        "? delta(close, 1) : -delta(close, 1))",
    ),
    101: _alpha(alpha101, "open high low close", "(close - open) / (high - low + 0.001)"),
}
