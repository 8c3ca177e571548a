"""Is the market the same on every machine, in every run, and however it is asked?"""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import TableRequest
from beaf_simulator.book import book
from beaf_simulator.config import REVISION
from beaf_simulator.imbalance import Calls
from beaf_simulator.market import listings
from beaf_simulator.randomness import bell, doublings, uniforms
from beaf_simulator.source import Config, read_table
from beaf_simulator.tape import Tape

SUNDAY = date(2026, 2, 1)
# All that is drawn by chance, or depends on neighbours in the tape.
COLUMNS = (
    "ListingId",
    "TradeDate",
    "TradeTimestamp",
    "TradeTimestampNanoseconds",
    "PublicationTimestampNanoseconds",
    "BMLLSequenceNo",
    "TradeId",
    "Classification",
    "AggressorSide",
    "Price",
    "Size",
    "CurrencyCode",
    "InstrumentCurrencyPrice",
    "AlgorithmicTrade",
    "ParticipantType",
    "BestBidPrice",
    "BestAskPrice",
    "PostTradeMid5000ms",
)
SMALL = Config(listings_per_mic=4, trades_per_listing=20)
FEW = Config(listings_per_mic=2, trades_per_listing=20, orders_per_listing=200)

days = st.dates(date(1990, 1, 1), date(2060, 1, 1)).filter(lambda day: not SMALL.is_holiday(day))
ids = st.sampled_from([listing.listing_id for listing in listings(SMALL)])
few = st.sampled_from([listing.listing_id for listing in listings(FEW)])


def trades(day: date, config: Config, wanted: tuple[int, ...] | None = None) -> pl.DataFrame:
    frame = read_table(TableRequest("trades", day, (), wanted, COLUMNS), config).frame
    assert frame is not None
    return frame.collect()


def test_the_market_of_this_revision_is_pinned_to_the_bit() -> None:
    """Equal on numpy 1.26 and 2.4, with and without AVX; if this changes, raise REVISION."""
    digest = hashlib.sha256()
    for listing in listings(Config()):
        tape = Tape.record(Config(), listing, SUNDAY)
        made = tape.prints
        arrays = (made.time, made.half_ticks, made.size, made.side, made.kind)
        for array in (*arrays, tape.price, tape.notional, tape.published):
            digest.update(np.ascontiguousarray(array).tobytes())
    assert (REVISION, digest.hexdigest()[:16]) == (2, "74583cf5ae0396c6")


def test_the_books_and_calls_of_this_revision_are_pinned_to_the_bit() -> None:
    digest = hashlib.sha256()
    for listing in listings(SMALL):
        made = book(SMALL, listing, SUNDAY)
        for name in made.messages.__slots__:
            digest.update(np.ascontiguousarray(getattr(made.messages, name)).tobytes())
        if listing.venue.primary:
            calls = Calls.before(made.tape)
            for array in (calls.time, calls.ticks, calls.paired, calls.left, calls.side):
                digest.update(np.ascontiguousarray(array).tobytes())
    assert (REVISION, digest.hexdigest()[:16]) == (2, "6a3b553684786731")


def test_the_first_trades_of_the_demo_day_are_these() -> None:
    columns = ["TradeTimestampNanoseconds", "Price", "Size", "AggressorSide", "Classification"]
    first = trades(SUNDAY, Config(), (100_001,)).select(
        pl.col(columns[0]).dt.to_string("%H:%M:%S.%9f"), *columns[1:]
    )
    assert first.slice(7, 4).rows() == [
        ("08:00:00.022623686", 171.02, 12730.0, 0, "LIT_OPENING_AUCTION"),
        ("08:00:00.279205275", 171.02, 4789.0, 1, "LIT_CONTINUOUS"),
        ("08:00:01.653904063", 171.00, 1986.0, 1, "LIT_CONTINUOUS"),
        ("08:00:01.653904063", 171.00, 10873.0, 1, "LIT_CONTINUOUS"),
    ]


def test_uniforms_are_those_of_numpys_own_generator() -> None:
    seed = int.from_bytes(hashlib.sha256(b"7/test").digest()[:16], "little")
    expected = np.random.Generator(np.random.PCG64(seed)).random(5)
    assert uniforms((5,), 7, "test").tolist() == expected.tolist()


def test_the_bell_has_the_moments_it_claims() -> None:
    drawn = bell(uniforms((4, 100_000), "bell"))
    assert abs(drawn.mean()) < 0.01
    assert abs(drawn.std() - 1) < 0.01


def test_doublings_are_exact_at_whole_powers_and_close_between() -> None:
    exponents = np.linspace(-3, 3, 601)
    assert doublings(np.array([-2.0, 0.0, 3.0])).tolist() == [0.25, 1.0, 8.0]
    assert np.max(np.abs(doublings(exponents) / 2.0**exponents - 1)) < 0.0615


@settings(max_examples=15, deadline=None)
@given(days, st.sets(ids, min_size=1))
def test_a_listing_has_the_same_trades_whoever_else_is_asked_for(
    day: date, wanted: set[int]
) -> None:
    alone = trades(day, SMALL, tuple(wanted))
    among = trades(day, SMALL).filter(pl.col("ListingId").is_in(wanted))
    assert alone.equals(among)


@settings(max_examples=3, deadline=None)
@given(days, st.sets(few, min_size=1, max_size=3))
def test_books_and_calls_are_the_same_whoever_else_is_asked_for(
    day: date, wanted: set[int]
) -> None:
    for name in ("l3", "l2", "cbbo", "imbalance"):
        alone, among = (
            read_table(TableRequest(name, day, listings=listed), FEW).frame
            for listed in (tuple(wanted), None)
        )
        assert alone is not None
        assert among is not None
        assert alone.collect().equals(among.filter(pl.col("ListingId").is_in(wanted)).collect())


@settings(max_examples=10, deadline=None)
@given(days, ids)
def test_a_listing_has_the_same_trades_in_a_larger_market(day: date, listing: int) -> None:
    larger = SMALL.model_copy(update={"listings_per_mic": 9})
    assert trades(day, SMALL, (listing,)).equals(trades(day, larger, (listing,)))


@settings(max_examples=25, deadline=None)
@given(days, ids, st.integers(1, 200))
def test_rows_are_counted_before_they_are_made(day: date, listing: int, many: int) -> None:
    config = SMALL.model_copy(update={"trades_per_listing": many})
    answer = read_table(TableRequest("trades", day, listings=(listing,)), config)
    assert answer.parts[0].rows == trades(day, config, (listing,)).height


@settings(max_examples=25, deadline=None)
@given(days, ids)
def test_every_day_of_every_listing_holds_together(day: date, listing: int) -> None:
    made = trades(day, SMALL, (listing,))
    assert made["TradeDate"].dt.date().unique().to_list() == [day]
    assert (made["TradeTimestamp"].dt.date() == day).all()
    assert (made["InstrumentCurrencyPrice"] > 0).all()
    quoted = made.drop_nulls("BestBidPrice")
    assert (quoted["BestAskPrice"] > quoted["BestBidPrice"]).all()


def test_seeds_days_and_listings_differ() -> None:
    one = trades(SUNDAY, SMALL, (100_001,))["TradeTimestampNanoseconds"]
    others = [
        trades(SUNDAY, SMALL.model_copy(update={"seed": 8}), (100_001,)),
        trades(SUNDAY + timedelta(days=1), SMALL, (100_001,)),
        trades(SUNDAY, SMALL, (100_002,)),
    ]
    for other in others:
        assert one.dt.time().head(3).to_list() != (
            other["TradeTimestampNanoseconds"].dt.time().head(3).to_list()
        )
