"""What are the best prices of all venues together, over a minute?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl
import pytest

from beaf_analytics.cbbo import consolidate
from beaf_analytics.cbbo.options import ConsolidateOptions
from beaf_core import compute_frame

Frames = Callable[..., pl.DataFrame]
EVERYTHING = [
    *("CBB", "CBO", "CBBSize", "CBOSize", "CBBOSpreadBpsTWA"),
    *("CBBOLockedShare", "CBBOCrossedShare"),
    *("CBBVenueCountTWA", "CBOVenueCountTWA", "CBBOVenueCountTWA"),
]


@pytest.fixture
def tables(l2: Frames, reference: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """10 alone, then with 11 at its bid and inside its ask; locked, crossed, and apart again."""
    return {
        "l2": l2(
            (10, 0, [(99.0, 5)], [(101.0, 6)]),
            (11, 15, [(99.0, 7)], [(100.0, 8)]),
            (11, 30, [(101.0, 1)], [(102.0, 1)]),
            (11, 36, [(103.0, 2)], [(104.0, 2)]),
            (11, 40, [(98.0, 9)], [(101.0, 4)]),
        ),
        "reference": reference,
    }


def minute(tables: dict[str, pl.DataFrame], last: int = 1, **section: Any) -> dict[str, Any]:
    """Compute the minute that ends so many minutes after noon, of the common book."""
    section.setdefault("measures", EVERYTHING)
    until = f"12:{last:02d}"
    frame = compute_frame(
        ["consolidate", "dense"],
        tables,
        consolidate_analytics=section,
        dense_analytics={"mode": "uniform", "time_interval": ["12:00", until]},
    )
    ended = datetime(2025, 1, 6, 12, last)
    found = frame.filter((pl.col("ListingId") == 10) & (pl.col("TimeBucket") == ended))
    return found.row(0, named=True)


def test_best_prices_are_those_at_the_end_and_shares_weigh_time(
    tables: dict[str, pl.DataFrame],
) -> None:
    found = minute(tables)
    assert [found[name] for name in ("CBB", "CBBSize", "CBO", "CBOSize")] == [99, 5, 101, 10]
    # 15 s at 2 on 100, 15 s at 1 on 99.5, and 20 s at 2 on 100; locked for 6 s, crossed for 4.
    spread = (35 * 200 + 15 * 10_000 / 99.5) / 50
    assert found["CBBOSpreadBpsTWA"] == pytest.approx(spread, rel=1e-12)
    assert found["CBBOLockedShare"] == pytest.approx(6 / 60, rel=1e-12)
    assert found["CBBOCrossedShare"] == pytest.approx(4 / 60, rel=1e-12)
    # Both show the best bid from 15 to 30 s only, and the best ask from 40 s on.
    assert found["CBBVenueCountTWA"] == pytest.approx((60 + 15) / 60, rel=1e-12)
    assert found["CBOVenueCountTWA"] == pytest.approx((60 + 20) / 60, rel=1e-12)
    assert found["CBBOVenueCountTWA"] == pytest.approx((60 + 45) / 60, rel=1e-12)


def test_the_common_book_is_carried_into_the_next_minute(tables: dict[str, pl.DataFrame]) -> None:
    found = minute(tables, last=2)
    assert [found[name] for name in EVERYTHING] == [99, 101, 5, 10, 200, 0, 0, 1, 2, 2]


def test_prices_are_taken_from_the_states_that_are_asked_for(
    tables: dict[str, pl.DataFrame],
) -> None:
    until_crossed = tables["l2"].head(4)
    crossed = {**tables, "l2": until_crossed}
    assert minute(crossed)["CBB"] is None, "it is crossed at the end of the minute"
    found = minute(crossed, quotes="two_sided")
    assert (found["CBB"], found["CBO"], found["CBBSize"]) == (103, 101, 2)
    middles = {15: (99, 101), 30: (99, 100), 36: (101, 101), 60: (103, 101)}
    start, total = 0, 0.0
    for end, (bid, ask) in middles.items():
        total += (end - start) * 20_000 * (ask - bid) / (ask + bid)
        start = end
    assert found["CBBOSpreadBpsTWA"] == pytest.approx(total / 60, rel=1e-12)


def test_only_continuous_trading_counts_unless_other_states_are_asked_for(
    l2: Frames, reference: pl.DataFrame
) -> None:
    tables = {
        "l2": l2(
            (10, 0, [(101.0, 5)], [(101.0, 6)], "OPENING_AUCTION"),
            (10, 45, [(99.0, 5)], []),
        ),
        "reference": reference,
    }
    found = minute(tables)
    assert (found["CBBOLockedShare"], found["CBBOVenueCountTWA"]) == (None, 1)
    assert (found["CBBVenueCountTWA"], found["CBOVenueCountTWA"]) == (1, None)
    assert (found["CBB"], found["CBBOSpreadBpsTWA"]) == (None, None)
    assert minute(tables, quotes="any")["CBB"] == 99
    call = minute(tables, market_states="OPENING_AUCTION")
    assert (call["CBBOLockedShare"], call["CBBOCrossedShare"]) == (1, 0)
    assert call["CBOVenueCountTWA"] == 1


def test_a_book_that_is_locked_during_a_call_is_not_locked_while_it_trades(
    l2: Frames, reference: pl.DataFrame
) -> None:
    rows = l2(
        (10, 0, [(101.0, 5)], [(101.0, 6)], "OPENING_AUCTION"),
        (10, 30, [(99.0, 5)], [(101.0, 6)]),
    )
    assert minute({"l2": rows, "reference": reference})["CBBOLockedShare"] == 0


def test_nothing_is_computed_unasked_and_a_prefix_names_what_is(
    tables: dict[str, pl.DataFrame],
) -> None:
    assert consolidate.measures(ConsolidateOptions()) == []
    off = ConsolidateOptions(ENABLED=False, measures=["CBB"])
    assert consolidate.measures(off) == []
    assert consolidate.provides(off) == []
    assert [each.name for each in consolidate.provides(ConsolidateOptions())] == ["consolidated"]
    assert minute(tables, measures="CBOSize", metric_prefix="All")["AllCBOSize"] == 10


def test_what_holds_between_its_columns_is_said() -> None:
    def told(**section: Any) -> list[str]:
        options = ConsolidateOptions.model_validate({"measures": EVERYTHING, **section})
        return [each.name for each in consolidate.identities(options)]

    shares = "CBBOLockedShare + CBBOCrossedShare ≤ 1"
    assert told() == told(quotes="uncrossed") == ["CBB < CBO", shares]
    assert told(quotes="two_sided") == [shares]
    assert told(measures=["CBB", "CBO", "CBBOLockedShare"]) == ["CBB < CBO"]
    assert told(measures=["CBB", "CBO"]) == ["CBB < CBO"]
    assert told(measures=["CBBOLockedShare", "CBBOCrossedShare"]) == [shares]
    assert told(ENABLED=False) == []
    options = ConsolidateOptions(measures=list(EVERYTHING), metric_prefix="All")
    ordered, whole = (each.holds for each in consolidate.identities(options))
    rows = pl.DataFrame(
        {
            "AllCBB": [1.0, 2.0, None, None],
            "AllCBO": [2.0, 2.0, 1.0, None],
            "AllCBBOLockedShare": [0.5, 0.5, 0.0, 1 + 1e-9],
            "AllCBBOCrossedShare": [0.5, 0.6, 0.1, 0.0],
        }
    )
    assert rows.select(ordered).to_series().to_list() == [True, False, None, None]
    assert rows.select(whole).to_series().to_list() == [True, False, True, True]
