"""W2: what are seven measures of the book on average over a minute, weighted by time?

Each state holds until the next one; a bucket begins with the state before it. By hand this takes
no inserted boundary rows: on the big table each state counts until the next or the bucket's end,
and what a bucket begins with is added on the small one.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from beaf_bench.workloads.base import (
    BUCKET,
    KEYS,
    LISTING,
    MINUTE,
    BenchPass,
    Tables,
    Workload,
    bucket,
    sql_bucket,
    time_of,
)

TABLE = "l2"
LEVELS = range(1, 6)
BID, ASK = pl.col("BidPrice1"), pl.col("AskPrice1")
BIDS, ASKS = pl.col("BidQuantity1"), pl.col("AskQuantity1")
MID = (BID + ASK) / 2

#: A book with one side only is no state of any of these.
TWO_SIDED = (BIDS > 0) & (ASKS > 0)

#: Measure → what is averaged, and the same in SQL.
STATES: Mapping[str, tuple[pl.Expr, str]] = {
    "SpreadAbsTWA": (ASK - BID, "AskPrice1 - BidPrice1"),
    "SpreadBpsTWA": (
        1e4 * (ASK - BID) / MID,
        "1e4 * (AskPrice1 - BidPrice1) / ((BidPrice1 + AskPrice1) / 2)",
    ),
    "MidTWA": (MID, "(BidPrice1 + AskPrice1) / 2"),
    "WeightedMidTWA": (
        (BID * ASKS + ASK * BIDS) / (BIDS + ASKS),
        "(BidPrice1 * AskQuantity1 + AskPrice1 * BidQuantity1) / (BidQuantity1 + AskQuantity1)",
    ),
    "ImbalanceQuantity1TWA": (
        (BIDS - ASKS) / (BIDS + ASKS),
        "(BidQuantity1 - AskQuantity1) / (BidQuantity1 + AskQuantity1)",
    ),
    "BidCumQuantity5TWA": (
        sum((pl.col(f"BidQuantity{n}") for n in LEVELS), pl.lit(0)),
        " + ".join(f"BidQuantity{n}" for n in LEVELS),
    ),
    "AskCumQuantity5TWA": (
        sum((pl.col(f"AskQuantity{n}") for n in LEVELS), pl.lit(0)),
        " + ".join(f"AskQuantity{n}" for n in LEVELS),
    ),
}


_BOTH_SIDES = {"quotes": "two_sided", "aggregations": "TWA"}
#: The same of the module `l2tw`.
BOOK = {
    "shares": [],
    "spreads": [{"variant": ["Abs", "BPS"], **_BOTH_SIDES}],
    "ohlc": [{"source": ["Mid", "WeightedMid"], **_BOTH_SIDES}],
    "imbalances": [{"measure": "Quantity", "levels": 1, **_BOTH_SIDES}],
    "liquidity": [{"measures": "CumQuantity", "levels": len(LEVELS), **_BOTH_SIDES}],
}


def pieces_by_hand(tables: Tables) -> pl.LazyFrame:
    """Weigh each state until the next one or the bucket's end, and keep the last of a bucket."""
    now, end = pl.col("Now"), pl.col(BUCKET)
    until = pl.min_horizontal(_following(tables), end)  # the last of a listing has none
    weighed = (
        tables.rows(TABLE)
        .select(
            LISTING,
            time_of(TABLE).alias("Now"),
            bucket(time_of(TABLE), MINUTE).alias(BUCKET),
            *(pl.when(TWO_SIDED).then(value).alias(name) for name, (value, _) in STATES.items()),
        )
        .with_columns((until - now).alias("Weight"))
    )
    weight, some = pl.col("Weight"), pl.col("MidTWA").is_not_null()
    return weighed.group_by(*KEYS).agg(
        now.min().alias("First"),
        pl.when(some).then(weight).otherwise(0).sum().alias("Weight"),
        *((pl.col(name) * weight).sum().alias(f"{name}Sum") for name in STATES),
        *(pl.col(name).last().alias(f"{name}Last") for name in STATES),
    )


def _following(tables: Tables) -> pl.Expr:
    after = pl.col("Now").shift(-1)
    if tables.market.layout == "time":
        return after.over(LISTING)
    # 15 % cheaper for the whole, where the next state of a listing is the next row.
    return pl.when(pl.col(LISTING).shift(-1) == pl.col(LISTING)).then(after)


def averages_by_hand(pieces: pl.DataFrame) -> pl.DataFrame:
    """Add what each bucket begins with: the last state before it."""
    carried = {name: pl.col(f"{name}Last").shift(1).over(LISTING) for name in STATES}
    since = pl.col("First") - (pl.col(BUCKET) - MINUTE)
    held = pl.when(carried["MidTWA"].is_not_null()).then(since).otherwise(0)
    total = pl.col("Weight") + held
    means = [
        pl.when(total > 0)
        .then((pl.col(f"{name}Sum") + (carried[name] * since).fill_null(0)) / total)
        .alias(name)
        for name in STATES
    ]
    return pieces.sort(KEYS).select(*KEYS, *means)


def _hand(tables: Tables) -> list[pl.DataFrame]:
    return [averages_by_hand(pieces_by_hand(tables).collect(engine="streaming"))]


def _sql_pieces() -> str:
    values = ", ".join(
        f"CASE WHEN BidQuantity1 > 0 AND AskQuantity1 > 0 THEN {value} END AS {name}"
        for name, (_, value) in STATES.items()
    )
    sums = ", ".join(
        f"sum({name} * Weight) AS {name}Sum, max({name}) FILTER (WHERE IsLast) AS {name}Last"
        for name in STATES
    )
    following = "lead({}) OVER (PARTITION BY ListingId ORDER BY Now, BMLLSequenceNo)"
    return f"""
    SELECT ListingId, TimeBucket, min(Now) AS First, {sums},
        coalesce(sum(Weight) FILTER (WHERE MidTWA IS NOT NULL), 0) AS Weight
    FROM (
        SELECT *, least(coalesce(NextTime, TimeBucket), TimeBucket) - Now AS Weight,
            NextTime IS NULL OR NextTime > TimeBucket AS IsLast
        FROM (
            SELECT ListingId, Now, TimeBucket, {", ".join(STATES)},
                {following.format("Now")} AS NextTime
            FROM (
                SELECT ListingId, epoch_ns(TimestampNanoseconds) AS Now, BMLLSequenceNo,
                    {sql_bucket(TABLE, MINUTE)} AS TimeBucket, {values}
                FROM l2
            )
        )
    ) GROUP BY ALL"""


def sql_averages(pieces: str) -> str:
    """Add what each bucket begins with, in SQL."""
    before = "lag({}Last) OVER (PARTITION BY ListingId ORDER BY TimeBucket)"
    since = f"(First - TimeBucket + {MINUTE})"
    held = f"CASE WHEN {before.format('MidTWA')} IS NULL THEN 0 ELSE {since} END"
    means = ", ".join(
        f"({name}Sum_ + coalesce({before.format(name)} * {since}, 0)) / nullif(Total, 0) AS {name}"
        for name in STATES
    )
    sums = ", ".join(f"coalesce({name}Sum, 0) AS {name}Sum_" for name in STATES)
    return f"""
    SELECT ListingId, TimeBucket, {means}
    FROM (SELECT *, {sums}, Weight + {held} AS Total FROM {pieces})"""


SQL_PIECES = _sql_pieces()

W2 = Workload(
    name="W2",
    title="seven time-weighted measures of the book, one minute",
    passes=(BenchPass("book", 60, {"l2tw": BOOK}),),
    hand=_hand,
    sql=(sql_averages(f"({SQL_PIECES})") + " ORDER BY ALL",),
    decode_goal=4.0,
)
