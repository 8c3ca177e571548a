"""Do the alphas equal an independent computation in pandas, and what is worked out by hand?"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from beaf_analytics import alpha101
from beaf_analytics.alpha101.definitions import ALPHAS
from beaf_core import ConfigError, Context, SourcePass, UsageError, compute_frame, run_pipeline
from beaf_core.testing import check_module, write_market

NINE = datetime(2025, 1, 6, 9)
FIELDS = ["Open", "High", "Low", "Close", "Volume", "VWAP"]


def at(minute: int, day: int = 0) -> datetime:
    return NINE + timedelta(minutes=minute, days=day)


@cache
def bars(count: int = 95, listings: int = 4) -> pl.DataFrame:
    """Make bars whose values repeat now and then, so that ranks tie."""
    rng = random.Random(7)
    rows = []
    for listing in range(1, listings + 1):
        price = 100.0
        for minute in range(1, count + 1):
            first, price = price, price + rng.choice([-2, -1, -1, 0, 1, 1, 2])
            high, low = max(first, price) + rng.choice([0, 1]), min(first, price) - 1
            volume = float(rng.choice([1, 2, 3, 5, 8, 13, 21]))
            rows.append((listing, at(minute), first, high, low, price, volume, (high + low) / 2))
    frame = pl.DataFrame(rows, schema=["ListingId", "TimeBucket", *FIELDS], orient="row")
    return frame.with_columns(Notional=pl.col("VWAP") * pl.col("Volume"))


def computed(source: pl.DataFrame, **section: Any) -> pl.DataFrame:
    more = {key: section.pop(key) for key in [*section] if key.startswith(("time_", "source_"))}
    return compute_frame("alpha101", {}, source=source, **more, alpha101_analytics=section)


def faults(source: pl.DataFrame, **section: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        computed(source, **section)
    return str(caught.value)


# -- the definitions once more, in pandas: a frame per field, buckets down, listings across --------


def rank(x: pd.DataFrame) -> pd.DataFrame:
    return x.rank(axis=1, pct=True)


def ts_rank(x: pd.DataFrame, d: int) -> pd.DataFrame:
    return x.rolling(d).apply(lambda w: pd.Series(w).rank().iloc[-1] / d, raw=True)


def argmax(x: pd.DataFrame, d: int) -> pd.DataFrame:
    return x.rolling(d).apply(np.argmax, raw=True) + 1


def corr(x: pd.DataFrame, y: pd.DataFrame, d: int) -> pd.DataFrame:
    found = pd.DataFrame(np.nan, index=x.index, columns=x.columns)
    for name in x.columns:
        for end in range(d, len(x) + 1):
            a, b = (f[name].to_numpy()[end - d : end] for f in (x, y))
            if np.isnan(a).any() or np.isnan(b).any() or np.ptp(a) == 0 or np.ptp(b) == 0:
                continue
            found.loc[x.index[end - 1], name] = np.corrcoef(a, b)[0, 1]
    return found


def in_pandas(number: int, source: pl.DataFrame, m: int = 1) -> pd.DataFrame:
    wide = source.to_pandas().pivot(index="TimeBucket", columns="ListingId")
    o, h, lo, c, v, w = (wide[name].astype(float) for name in FIELDS)
    returns = c / c.shift(1) - 1
    d1 = c - c.shift(m)

    def trend(d: int) -> pd.DataFrame:
        up, down = d1.rolling(d).min() > 0, d1.rolling(d).max() < 0
        return d1.where(up | down, -d1).where(d1.rolling(d).min().notna())

    def against(d: int) -> pd.DataFrame:
        moved, usual = c - c.shift(d), v.rolling(20 * m).mean()
        turned = -ts_rank(moved.abs(), 60 * m) * np.sign(moved)
        return turned.where(usual < v, -1.0).where(usual.notna())

    inner = c.mask(returns < 0, returns.rolling(20 * m).std()).where(returns.notna())
    product = o.rolling(5 * m).sum() * returns.rolling(5 * m).sum()
    definitions: dict[int, Callable[[], pd.DataFrame]] = {
        1: lambda: rank(argmax(np.sign(inner) * inner**2, 5 * m)) - 0.5,
        2: lambda: -corr(rank(np.log(v).diff(2 * m)), rank((c - o) / o), 6 * m),
        3: lambda: -corr(rank(o), rank(v), 10 * m),
        4: lambda: -ts_rank(rank(lo), 9 * m),
        5: lambda: rank(o - w.rolling(10 * m).sum() / (10 * m)) * -rank(c - w).abs(),
        6: lambda: -corr(o, v, 10 * m),
        7: lambda: against(7 * m),
        8: lambda: -rank(product - product.shift(10 * m)),
        9: lambda: trend(5 * m),
        10: lambda: rank(trend(4 * m)),
        101: lambda: (c - o) / (h - lo + 0.001),
    }
    return definitions[number]()


@pytest.mark.parametrize("number", [*ALPHAS])
@pytest.mark.parametrize("multiplier", [1, 2])
def test_an_alpha_equals_its_definition_in_pandas(number: int, multiplier: int) -> None:
    count = 95 if multiplier == 1 or number != 7 else 150
    source = bars(count)
    found = computed(source, alpha_ids=[number], window_multiplier=multiplier)
    name = f"Alpha{number:03d}"
    wanted = in_pandas(number, source, multiplier)
    mine = found.to_pandas().pivot(index="TimeBucket", columns="ListingId")[name].astype(float)
    assert wanted.notna().to_numpy().sum() > 50
    np.testing.assert_allclose(mine.to_numpy(), wanted.to_numpy(), atol=1e-9, equal_nan=True)
    assert not found[name].is_nan().any()


# -- by hand ---------------------------------------------------------------------------------------


def some(*values: Any, listing: int = 1, **more: Any) -> pl.DataFrame:
    """Make bars of closes; every field is the close unless it is given."""
    fields = {name: more.get(name, values) for name in FIELDS}
    keys = {
        "ListingId": [listing] * len(values),
        "TimeBucket": [at(each) for each in range(1, len(values) + 1)],
    }
    return pl.DataFrame(keys | fields, schema_overrides=dict.fromkeys(FIELDS, pl.Float64))


def alpha(number: int, *frames: pl.DataFrame, **section: Any) -> list[float | None]:
    found = computed(pl.concat(frames), alpha_ids=number, **section)
    return found[f"Alpha{number:03d}"].to_list()


def test_alpha_101_is_the_move_against_the_range() -> None:
    source = some(12.0, 9.0, Open=[10.0, 10.0], High=[13.0, 10.0], Low=[9.0, 9.0])
    assert alpha(101, source) == pytest.approx([2 / 4.001, -1 / 1.001])
    assert alpha(101, some(5.0)) == [0.0]


def test_alpha_9_follows_five_moves_of_one_direction_and_goes_against_others() -> None:
    source = some(1, 2, 4, 5, 7, 8, 11, 10, 9)
    # Moves: 1 2 1 2 1 3 -1 -1.
    assert alpha(9, source) == [None] * 5 + [1.0, 3.0, 1.0, 1.0]
    assert alpha(9, some(9, 8, 7, 6, 5, 3)) == [None] * 5 + [-2.0]
    assert alpha(9, some(9, 8, 7, 6, 6, 3)) == [None] * 5 + [3.0]


def test_alpha_10_ranks_the_listings_of_a_bucket() -> None:
    up, down, mixed = (
        some(1, 2, 3, 4, 6),
        some(9, 8, 7, 6, 5, listing=2),
        some(1, 2, 1, 2, 3, listing=3),
    )
    # Moves that count: 2, -1, and 1 turned to -1; two tie.
    found = alpha(10, up, down, mixed)
    assert [found[4], found[9], found[14]] == pytest.approx([1.0, 0.5, 0.5])
    assert found[:4] == [None] * 4


def test_alpha_4_ranks_todays_rank_of_the_low_in_time() -> None:
    # Of two listings the first is the higher one until the last bucket.
    first, second = some(*[3.0] * 9, 1.0), some(*[2.0] * 10, listing=2)
    found = alpha(4, first, second)
    assert found[8:10] == pytest.approx([-5 / 9, -1 / 9])
    assert found[18:20] == pytest.approx([-5 / 9, -1.0])


def test_alpha_5_takes_the_vwap_from_notional_where_there_is_none() -> None:
    source = bars()
    with_it = computed(source, alpha_ids=5)
    without = source.with_columns(Notional=pl.col("VWAP") * pl.col("Volume")).drop("VWAP")
    assert computed(without, alpha_ids=5)["Alpha005"].to_list() == with_it["Alpha005"].to_list()
    idle = without.with_columns(Volume=pl.lit(0.0))
    assert computed(idle, alpha_ids=5)["Alpha005"].null_count() == idle.height


def test_alpha_6_of_what_stands_still_is_null() -> None:
    rising = [float(each) for each in range(10)]
    assert alpha(6, some(*[5.0] * 10, Volume=rising))[-1] is None
    assert alpha(6, some(*rising, Volume=[5.0] * 10))[-1] is None
    # A tenth is not what ten tenths come to by ten: the deviations are not zero, and mean nothing.
    assert alpha(6, some(*[0.1] * 10, Volume=rising))[-1] is None
    assert alpha(6, some(*rising, Volume=[0.1] * 10))[-1] is None
    # Nor is the mean of a window exact where others came before: it is off by 1.4e-14 here.
    standing, moving = [0.08, *[83.55] * 10], [9.0, *rising]
    assert alpha(6, some(*standing, Volume=moving))[-1] is None
    assert alpha(6, some(*moving, Volume=standing))[-1] is None
    assert alpha(6, some(*rising))[-1] == pytest.approx(-1.0)
    assert alpha(6, some(*rising))[:9] == [None] * 9


def test_alpha_6_of_a_straight_line_is_one_and_no_more() -> None:
    # Rounded as it comes, the last of both is 1.0000000000000002 or its contrary.
    opens = [3.0, 2.0, 5.0, 2.0, 8.0, 8.0, 8.0, 7.0, 4.0, 2.0, 8.0, 1.0]
    for sign in (1, -1):
        found = alpha(6, some(*opens, Volume=[sign * 0.3 * each for each in opens]))
        assert found[-1] == -sign


def test_alpha_2_is_null_where_a_window_holds_a_volume_of_zero() -> None:
    at_ten = (pl.col("ListingId") == 1) & (pl.col("TimeBucket") == at(10))
    source = bars(25).with_columns(Volume=pl.when(at_ten).then(0.0).otherwise("Volume"))
    found = alpha(2, source)[:25]
    # The change over two buckets is missing in the tenth and twelfth, a window is six long.
    there = [minute for minute, each in enumerate(found, start=1) if each is not None]
    assert there == [8, 9, *range(18, 26)]


def test_alpha_7_is_minus_one_where_volume_is_not_above_its_mean() -> None:
    assert alpha(7, some(*[5.0] * 20))[-2:] == [None, -1.0]


def test_what_has_no_logarithm_or_no_quotient_is_null() -> None:
    rows = [1.0, 2.0, 3.0, 1.0, 2.0, 5.0, 1.0, 4.0, 2.0, 3.0]
    volumes = [1.0, 3.0, 2.0, 5.0, 0.0, 3.0, 8.0, 1.0, 4.0, 2.0]
    for source in (some(*rows, Volume=volumes), some(*rows, Open=[0.0] * 10)):
        for name, values in computed(source, alpha_ids=[2, 8]).to_dict(as_series=False).items():
            assert not name.startswith("Alpha") or all(
                each is None or np.isfinite(each) for each in values
            )


def test_a_missing_close_leaves_the_windows_that_hold_it_empty() -> None:
    source = some(1, 2, 3, 4, None, 6, 7, 8, 9, 10, 11)
    # Moves into and out of the fifth are missing: the next five are 7 to 11.
    assert alpha(9, source) == [None] * 10 + [1.0]


def test_the_order_of_rows_does_not_matter() -> None:
    shuffled = bars().sample(fraction=1, shuffle=True, seed=2)
    assert computed(shuffled).equals(computed(bars()))


# -- the module ------------------------------------------------------------------------------------


def test_the_module_keeps_its_contract() -> None:
    check_module(alpha101)


def test_each_alpha_that_is_asked_for_has_a_column_once() -> None:
    found = computed(bars(3), alpha_ids=[101, 1, 101], metric_prefix="W")
    assert found.columns[3:] == ["WAlpha101", "WAlpha001"]
    assert computed(bars(3)).columns[3:] == [f"Alpha{each:03d}" for each in [*range(1, 11), 101]]


def test_only_the_columns_that_are_needed_are_read_under_their_names() -> None:
    options = alpha101.Alpha101Options(alpha_ids=[6], open_col="First")
    assert alpha101.reads(options) == {"source": ("First", "Volume")}
    source = bars().rename({name: f"My{name}" for name in FIELDS})
    names = {f"{name.lower()}_col": f"My{name}" for name in FIELDS}
    assert computed(source, **names).equals(computed(bars()))


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"alpha_ids": [11]}, "there is no alpha 11 here; known: 1, 2, 3"),
        ({"alpha_ids": []}, "alpha_ids"),
        ({"window_multiplier": 0}, "window_multiplier"),
        ({"close_col": "Clsoe"}, 'reads the column "Clsoe"'),
        ({"ENABLED": False}, "not ENABLED"),
        ({"source_seconds": 30}, "have buckets of 30 s, not of 60"),
        ({"vwap_col": "X", "notional_col": "Y"}, "has neither X nor Y"),
    ],
)
def test_what_cannot_be_computed_is_refused(section: dict[str, Any], words: str) -> None:
    assert words in faults(bars(), **section)


def test_without_alpha_5_no_vwap_is_needed() -> None:
    source = bars(3).drop("VWAP", "Notional")
    assert computed(source, alpha_ids=[101]).height == 12


def test_rows_with_keys_of_their_own_are_not_bars() -> None:
    known = SourcePass("turns", ("ListingId", "TimeBucket", "EventType"), (), 60, 60)
    with pytest.raises(UsageError, match="are told apart by ListingId, TimeBucket, EventType"):
        alpha101.from_source(alpha101.Alpha101Options(), known)


def ran(folder: Path, monkeypatch: pytest.MonkeyPatch, *sets: str, **section: Any) -> pl.DataFrame:
    monkeypatch.chdir(folder)
    market = write_market(folder / "market", every_column=True)
    section = {"alpha_ids": [4, 10, 101], **section}
    config = {
        "SOURCE": {"type": "parquet", "root": str(market)},
        "NUM_WORKERS": 0,
        "DEFAULT_FFILL": True,
        "PASSES": [
            {"name": "bars", "modules": ["dense", "trade"],
             "dense_analytics": {"mode": "uniform", "time_interval": ["09:00", "09:15"]}},
            {"name": "alphas", "modules": ["alpha101"], "source_pass": "bars",
             "alpha101_analytics": section},
        ],
    }  # fmt: skip
    report = run_pipeline(
        config, start_date="2025-01-06", end_date="2025-01-07", universe="mic=XLON", sets=sets
    )
    assert report.status == "succeeded", report.outcomes
    return pl.read_parquet(report.receipts[-1].location)


def test_listings_are_ranked_together_even_where_other_passes_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ran(tmp_path, monkeypatch)
    cut = ran(tmp_path, monkeypatch, "MAX_ROWS_PER_TABLE={trades: 1, 'pass:bars': 1}")
    assert whole.equals(cut)
    # Two closes that stand still tie; either alone would have rank 1.
    last = whole.filter(TimeBucket=datetime(2025, 1, 6, 9, 15))
    assert last.select("ListingId", "Alpha010").rows() == [(101, 0.75), (102, 0.75)]


def test_windows_begin_anew_each_day_unless_asked_otherwise() -> None:
    rising = [float(each) for each in range(1, 9)]
    later = timedelta(days=1)
    source = some(*rising).with_columns(
        TimeBucket=pl.when(pl.col("Close") > 4)
        .then(pl.col("TimeBucket") + later)
        .otherwise("TimeBucket"),
    )
    source = source.with_columns(TradeDate=pl.col("TimeBucket").dt.date())
    context = Context({"source": source.lazy()}, source.select("ListingId").unique(), 60 * 10**9)
    for across, wanted in ((False, [None] * 8), (True, [None] * 5 + [1.0] * 3)):
        asked = {"across_days": True} if across else {}
        options = alpha101.Alpha101Options(alpha_ids=[9], **asked)
        found = alpha101.compute(context, options).collect()
        assert found["Alpha009"].to_list() == wanted
