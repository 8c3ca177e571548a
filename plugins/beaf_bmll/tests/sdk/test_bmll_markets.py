"""Which markets are alive is told whole, whatever the size of pages."""

from __future__ import annotations

import polars as pl
import pytest

from beaf_bmll.sdk.markets import _alive

DAY = "2026-01-05"


@pytest.fixture
def listed(emulator, monkeypatch):
    frame = pl.DataFrame({"ListingId": [1, 2], "InstrumentId": [1, 2], "MIC": ["XETR", "AQXE"]})
    monkeypatch.setattr(emulator.market, "reference", frame)
    monkeypatch.setattr(emulator.market, "page_size", 2)


def test_markets_of_all_pages_are_told_once_and_in_order(gateway, listed):
    assert gateway.markets(DAY) == ["AQXE", "BATE", "CHIX", "XETR", "XLON", "XPAR"]


def test_the_vendors_client_knows_the_same_markets(gateway, listed):
    from bmll.reference import ReferenceDataClient

    table = gateway.session.read(
        lambda sdk: ReferenceDataClient(session=sdk).available_markets(DAY, DAY)
    )
    assert sorted(table["MIC"]) == gateway.markets(DAY)


def test_a_market_that_is_dead_is_none():
    columns, rows = ["Date", "MIC", "IsAlive"], [[DAY, "XLON", "True"], [DAY, "XOLD", "False"]]
    assert _alive(columns, rows) == {"XLON"}
    assert _alive([], []) == set()
