"""Do the measures of real order flow equal the reference values, computed elsewhere?"""

from __future__ import annotations

from pathlib import Path

import pytest
from plugins.beaf_analytics.tests.oracles.book_columns import BOOK
from plugins.beaf_analytics.tests.oracles.oracle_table import (
    MARKETS,
    Edge,
    Table,
    Unanswered,
    answered,
    columns_of,
    differences,
)
from plugins.beaf_analytics.tests.oracles.order_columns import ORDERS
from plugins.beaf_analytics.tests.oracles.trade_columns import TRADES

pytestmark = pytest.mark.shared_data

TABLES = {"book": BOOK, "trades": TRADES, "orders": ORDERS}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize(
    ("seconds", "edge"),
    [
        (60, "left"),
        (300, "right"),
        # Each length and each edge are in the suite, with the other of the other.
        pytest.param(60, "right", marks=pytest.mark.soak),
        pytest.param(300, "left", marks=pytest.mark.soak),
    ],
)
@pytest.mark.parametrize("market", MARKETS)
def test_measures_equal_the_oracle(
    shared_data: Path, market: str, seconds: int, edge: Edge, table: Table
) -> None:
    assert differences(shared_data, MARKETS[market], seconds, edge, table) == {}


def test_every_column_of_the_oracles_is_answered_or_excused(shared_data: Path) -> None:
    known = answered(TABLES.values())
    columns = {name for market in MARKETS.values() for name in columns_of(shared_data, market)}
    assert known.keys() == columns
    assert all(each.reason for each in known.values() if isinstance(each, Unanswered))


@pytest.mark.parametrize("market", MARKETS)
def test_what_answers_every_column_finds_one_that_is_wrong(shared_data: Path, market: str) -> None:
    wrong = {"SpreadAbsTWA": BOOK["MidTWA"]}
    assert differences(shared_data, MARKETS[market], 60, "left", wrong).keys() == wrong.keys()
