"""Do the same events give the same rows, however they are stored, ordered, batched and computed?"""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from beaf_core import ExitCode, run_pipeline

DAYS = ("2025-01-06", "2025-01-07")
LISTINGS = {101: "XLON", 102: "XLON", 103: "XLON", 201: "XPAR", 202: "XPAR"}
OPEN_NS = 8 * 3600 * 10**9
SPAN_NS = 400 * 10**9  # seven buckets of a minute

#: Every kind of aggregation and every primitive, over three tables.
PIPELINE = """
import polars as pl
from beaf_core import Aggregation, AnalyticsModule, AsOf, Kind, Lifetime, Measure

P, S = pl.col("Price"), pl.col("Size")
MID = (pl.col("BidPrice1") + pl.col("AskPrice1")) / 2
TWO_SIDED = pl.col("AskPrice1") > pl.col("BidPrice1")
INSERT, REMOVE = pl.col("LobAction") == 2, pl.col("LobAction") == 3


def plain(name, table, kind, of=None, where=None, q=None, **more):
    return Measure(name, table, Aggregation(kind, of, where, q), "x", name, name, **more)


# Sizes for the deviation: that of prices is 1e-4 of them, which leaves sums four digits fewer.
TRADES = [plain(f"Trade_{k}", "trades", k, S if k is Kind.STD else P) for k in Kind
          if not k.of_states and k is not Kind.QUANTILE]
TRADES += [plain("Trade_q", "trades", Kind.QUANTILE, P, S > 3, 0.25),
           plain("Prints", "trades", Kind.COUNT),
           plain("Volume", "trades", Kind.SUM, S),
           plain("FirstBuy", "trades", Kind.FIRST, P, pl.col("AggressorSide") == 1),
           Measure("VWAP", "trades", {"n": Aggregation(Kind.SUM, P * S),
                                      "v": Aggregation(Kind.SUM, S)},
                   "x", "", "", post=pl.col("n") / pl.col("v"))]
STATES = [plain(f"Mid_{k}", "l2", k, None if k is Kind.DURATION else MID, TWO_SIDED)
          for k in Kind if k.of_states]
STATES += [plain("Quotes", "l2", Kind.COUNT)]
IMPACT = [plain(f"Impact{h}", "trades", Kind.MEAN, P - pl.col("Later"),
                lookups={"Later": AsOf("l2", MID, TWO_SIDED, horizon=h, strict=h == 0)})
          for h in (0, 1_000_000_000, 30_000_000_000)]
ORDERS = [plain("Resting", "l3", Kind.MEAN, pl.col("Life"),
                lookups={"Life": Lifetime(INSERT, REMOVE)}),
          plain("Inserts", "l3", Kind.COUNT, where=INSERT),
          plain("InsertVolume", "l3", Kind.SUM, S, INSERT)]
ALL = AnalyticsModule("all", measures=lambda _: [*TRADES, *STATES, *IMPACT, *ORDERS])


def get_universe(date, reference):
    return reference(date)


USER_CONFIG = {"DATASETNAME": "same", "PASSES": [
    {"name": "fine", "time_bucket_seconds": 60, "modules": ["all"]}]}
"""


@dataclass(frozen=True)
class Market:
    """Rows of three tables on two days."""

    tables: dict[str, pl.DataFrame]

    def write(self, root: Path, *, layout: str, per_venue: bool, rng: random.Random) -> None:
        """Write the market as files; rows of one time and listing are shuffled."""
        for table, rows in self.tables.items():
            shuffled = rows.sample(fraction=1, shuffle=True, seed=rng.randrange(10**6))
            order = {"listing": ["ListingId", "T"], "time": ["T", "ListingId"], "none": []}[layout]
            sorted_rows = shuffled.sort(order, maintain_order=True) if order else shuffled
            venues = sorted(set(LISTINGS.values())) if per_venue else [None]
            for day in DAYS:
                for venue in venues:
                    part = sorted_rows.filter(pl.col("Day") == day)
                    part = part if venue is None else part.filter(pl.col("MIC") == venue)
                    place = root / table / (f"{venue}/{day}" if venue else day)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    part.drop("T", "Day").write_parquet(f"{place}.parquet", row_group_size=17)


def market_of(seed: int) -> Market:
    """Draw a market: few distinct times, so that many events tie and only the sequence tells."""
    rng = random.Random(seed)
    rows: dict[str, list[dict[str, object]]] = {"trades": [], "l2": [], "l3": []}
    sequence = 0
    for day in DAYS:
        midnight = pl.Series([day]).str.to_datetime(time_unit="ns").to_physical()[0]
        for listing, mic in LISTINGS.items():
            base = {"ListingId": listing, "MIC": mic, "Day": day}
            times = sorted(rng.randrange(0, SPAN_NS, 500_000_000) for _ in range(60))
            price = 100.0 + listing % 7
            live: list[str] = []
            for offset in times:
                sequence += 1
                at = midnight + OPEN_NS + offset
                stamp = {**base, "T": at, "BMLLSequenceNo": sequence}
                price = round(price + rng.choice([-0.02, -0.01, 0.0, 0.01, 0.02]), 2)
                kind = rng.random()
                if kind < 0.3:
                    size = float(rng.randint(1, 9))
                    side = rng.choice([0, 1, 2])
                    rows["trades"].append(
                        {
                            **stamp,
                            "TradeTimestampNanoseconds": at,
                            "Price": price,
                            "Size": size,
                            "AggressorSide": side,
                        }
                    )
                elif kind < 0.7:
                    spread = rng.choice([0.0, 0.01, 0.02, 0.05])
                    bid = None if rng.random() < 0.1 else price
                    rows["l2"].append(
                        {
                            **stamp,
                            "TimestampNanoseconds": at,
                            "BidPrice1": bid,
                            "AskPrice1": price + spread,
                        }
                    )
                else:
                    ends = bool(live) and rng.random() < 0.5
                    order = live.pop(rng.randrange(len(live))) if ends else f"o{sequence}"
                    if not ends:
                        live.append(order)
                    rows["l3"].append(
                        {
                            **stamp,
                            "TimestampNanoseconds": at,
                            "LobAction": 3 if ends else 2,
                            "OrderId": None if ends else order,
                            "OldOrderId": order if ends else None,
                            "Size": float(rng.randint(1, 9)),
                        }
                    )
    tables = {name: pl.DataFrame(each, infer_schema_length=None) for name, each in rows.items()}
    reference = pl.DataFrame(
        [
            {"ListingId": listing, "MIC": mic, "Day": day, "T": 0, "Date": day, "Ticker": "X"}
            for day in DAYS
            for listing, mic in LISTINGS.items()
        ]
    ).with_columns(pl.col("Date").str.to_date())
    return Market({**tables, "reference": reference})


@dataclass(frozen=True)
class Way:
    """One way to the same rows."""

    layout: str = "listing"
    per_venue: bool = True
    declared: bool = False
    most_rows: int | None = None
    budget_gb: float | None = None
    workers: int = 0
    shuffle: int = 0
    seconds: int = 60


def rows_of(market: Market, way: Way) -> pl.DataFrame:
    """Run the pipeline over the market that way."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        market.write(
            folder / "market",
            layout=way.layout,
            per_venue=way.per_venue,
            rng=random.Random(way.shuffle),
        )
        (folder / "own.py").write_text(PIPELINE)
        template = "{table}/{mic}/{date}.parquet" if way.per_venue else "{table}/{date}.parquet"
        sets = [
            f"SOURCE={{type: parquet, root: {folder / 'market'}, path_template: '{template}'}}",
            f"NUM_WORKERS={way.workers}",
            f"PASSES.fine.time_bucket_seconds={way.seconds}",
        ]
        if way.declared and way.layout != "none":
            # True only up to ties, which the shuffle leaves unordered.
            sets.append("SOURCE.order={trades: [TradeTimestampNanoseconds]}")
        if way.most_rows is not None:
            caps = ", ".join(f"{table}: {way.most_rows}" for table in ("trades", "l2", "l3"))
            sets.append(f"MAX_ROWS_PER_TABLE={{{caps}}}")
        if way.budget_gb is not None:
            sets.append(f"MEMORY_PER_WORKER={way.budget_gb}")
        report = run_pipeline(folder / "own.py", start_date=DAYS[0], end_date=DAYS[1], sets=sets)
        assert report.exit_code is ExitCode.OK, report.outcomes
        return pl.read_parquet(report.receipts[0].location)


def assert_same(found: pl.DataFrame, wanted: pl.DataFrame) -> None:
    """Floats to 1e-12 relative (parallel sums reassociate), everything else exactly."""
    assert found.schema == wanted.schema
    assert_frame_equal(found, wanted, rel_tol=1e-12, abs_tol=1e-15, check_exact=False)


WAYS = st.builds(
    Way,
    layout=st.sampled_from(["listing", "time", "none"]),
    per_venue=st.booleans(),
    declared=st.booleans(),
    most_rows=st.sampled_from([None, 1, 20, 60, 1000]),
    budget_gb=st.sampled_from([None, 0.2, 1.0]),
    shuffle=st.integers(0, 1000),
)


@pytest.mark.parametrize("ways", [4, pytest.param(200, marks=pytest.mark.soak)])
def test_layout_files_order_of_ties_batches_and_budget_change_nothing(ways: int) -> None:
    @settings(max_examples=ways, deadline=None)
    @given(seed=st.integers(0, 10_000), way=WAYS)
    def check(seed: int, way: Way) -> None:
        market = market_of(seed)
        assert_same(rows_of(market, way), rows_of(market, Way()))

    check()


@pytest.mark.parametrize("workers", [3, *(pytest.param(n, marks=pytest.mark.soak) for n in (1, 2))])
def test_the_number_of_workers_changes_nothing(workers: int) -> None:
    market = market_of(7)
    way = Way(most_rows=20, workers=workers)
    assert_same(rows_of(market, way), rows_of(market, Way()))


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10_000), seconds=st.sampled_from([300, 86_400]))
def test_minutes_put_together_are_the_five_minutes_and_the_day(seed: int, seconds: int) -> None:
    market = market_of(seed)
    minutes, wanted = rows_of(market, Way()), rows_of(market, Way(seconds=seconds))
    label = ((pl.col("TimeBucket").to_physical() - 1) // (seconds * 10**9) + 1) * seconds * 10**9
    found = (
        minutes.with_columns(label.cast(pl.Datetime("ns")).alias("TimeBucket"))
        .group_by("ListingId", "TimeBucket")
        .agg(
            pl.col("Volume", "Prints", "InsertVolume", "Inserts", "Quotes", "Trade_sum").sum(),
            pl.col("Trade_max").max(),
            pl.col("Trade_min").min(),
        )
        .sort("ListingId", "TimeBucket")
    )
    assert_same(found, wanted.select(found.columns))


def test_the_test_itself_would_see_a_lost_row() -> None:
    market = market_of(7)
    short = Market({**market.tables, "trades": market.tables["trades"][1:]})
    with pytest.raises(AssertionError):
        assert_same(rows_of(short, Way()), rows_of(market, Way()))
