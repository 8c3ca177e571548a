"""Do the universes that name a value of a column list exactly the listings that have it?"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from beaf_core import BeafError, Reference, UsageError
from beaf_core.testing import check_universe, tiny_reference, tiny_table
from beaf_universes import index, isin, mic, mic_siblings, opol, ticker

from .conftest import SIMULATED_DAY, parquet_reference

MONDAY = "2025-01-06"
OF_VALUES = ["mic", "mic_siblings", "index", "opol", "isin", "ticker"]


def ids(frame: pl.DataFrame) -> list[int]:
    return frame["ListingId"].sort().to_list()


@pytest.mark.parametrize("name", OF_VALUES)
def test_each_keeps_the_contract_on_the_tiny_market(name: str) -> None:
    check_universe(name)


@pytest.mark.parametrize("name", OF_VALUES)
def test_each_keeps_the_contract_on_the_simulated_market(name: str, simulated: Reference) -> None:
    check_universe(name, reference=simulated, day=SIMULATED_DAY)


# 101 ALFA XLON and 201 ALFA XPAR are one instrument, 102 BETA XLON is another; both are of XLON.
# TINY holds 101 and 201, TINYUK holds 102.
@pytest.mark.parametrize(
    ("universe", "value", "listings"),
    [
        (mic_siblings, "XLON", [101, 102, 201]),
        (mic_siblings, "XPAR", [101, 201]),
        (mic_siblings, "XXXX", []),
        (mic_siblings, None, [101, 102, 201]),
        (index, "TINY", [101, 201]),
        (index, "TINYUK", [102]),
        (index, "TINY~TINYUK", [101, 102, 201]),
        (opol, "XLON", [101, 102, 201]),
        (opol, "XPAR", []),
        (isin, "GB0000000101", [101, 201]),
        (isin, "GB0000000102 ~ GB0000000101", [101, 102, 201]),
        (ticker, "BETA", [102]),
        (ticker, "BETA~BETA", [102]),
    ],
)
def test_the_listings_are_those_of_the_value(
    universe: ModuleType, value: str | None, listings: list[int]
) -> None:
    assert ids(universe.get_universe(MONDAY, value, tiny_reference)) == listings


@pytest.mark.parametrize(
    ("universe", "values"),
    [
        (mic_siblings, ["XLON", "XPAR"]),
        (index, ["TINY", "TINYUK"]),
        (opol, ["XLON"]),
        (isin, ["GB0000000101", "GB0000000102"]),
        (ticker, ["ALFA", "BETA"]),
    ],
)
def test_the_values_are_those_that_listings_have(universe: ModuleType, values: list[str]) -> None:
    assert universe.universe_values(MONDAY, tiny_reference) == values


@pytest.mark.parametrize("universe", [index, opol, isin, ticker])
def test_without_a_value_it_says_how_to_write_one(universe: ModuleType) -> None:
    name = universe.__name__.rpartition(".")[2]
    with pytest.raises(UsageError, match=f"{name} needs a value") as told:
        universe.get_universe(MONDAY, None, tiny_reference)
    assert f"write for example {name}=" in str(told.value)
    assert f"beaf universe list --values {name}" in str(told.value)


@pytest.mark.parametrize(
    ("universe", "value", "words"),
    [
        (mic, "XLON~XPAS", ['MIC XPAS — did you mean "XPAR"?']),
        (index, "TINYUK~TINI", ['Index TINI — did you mean "TINY"?']),
        (isin, "GB0000000101~US0000000000", ["ISIN US0000000000", MONDAY]),
        (ticker, "ALFA~BETTA~GAMA", ['BETTA — did you mean "BETA"?', "GAMA"]),
    ],
)
def test_one_value_of_several_that_no_listing_has_is_refused(
    universe: ModuleType, value: str, words: list[str]
) -> None:
    with pytest.raises(UsageError) as told:
        universe.get_universe(MONDAY, value, tiny_reference)
    assert all(word in str(told.value) for word in words)
    assert "leave it out" in str(told.value)


def test_of_many_strangers_the_first_are_named_and_the_rest_counted() -> None:
    with pytest.raises(UsageError, match="Z0; Z1; Z2; Z3; Z4; and 3 more"):
        ticker.get_universe(MONDAY, "ALFA~" + "~".join(f"Z{n}" for n in range(8)), tiny_reference)


@pytest.mark.parametrize("value", ["ALFA~", "~ALFA", "ALFA~~BETA", "~"])
def test_an_empty_value_between_others_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match="an empty value"):
        ticker.get_universe(MONDAY, value, tiny_reference)


class _Renamed:
    """A reference whose tickers, some of them, no selector can spell."""

    def __call__(self, date: object, **constraints: object) -> pl.DataFrame:
        return tiny_table("reference", str(date))

    def values(self, date: object, column: str) -> list[str]:
        return ["", " A", "A", "A+B", "A,B", "A~B", "A|B", "A[1]", "A\nB", "A.B C/D"]


def test_values_that_a_selector_cannot_spell_are_not_offered() -> None:
    assert ticker.universe_values(MONDAY, _Renamed()) == ["A", "A.B C/D"]


class _WithoutInstruments:
    def __call__(self, date: object, **constraints: object) -> pl.DataFrame:
        return tiny_reference(date, **constraints).drop("InstrumentId")

    def values(self, date: object, column: str) -> list[str]:
        return tiny_reference.values(date, column)


def test_siblings_cannot_be_told_without_instruments() -> None:
    with pytest.raises(UsageError, match="no InstrumentId"):
        mic_siblings.get_universe(MONDAY, "XLON", _WithoutInstruments())


class _WithoutAnInstrument:
    """The tiny market, where nobody knows the instrument of listing 102."""

    def __init__(self) -> None:
        self.asked: list[dict[str, object]] = []

    def __call__(self, date: object, **constraints: object) -> pl.DataFrame:
        self.asked.append(constraints)
        known = pl.when(pl.col("ListingId") != 102).then("InstrumentId").alias("InstrumentId")
        return tiny_reference(date, **constraints).with_columns(known)

    def values(self, date: object, column: str) -> list[str]:
        return tiny_reference.values(date, column)


def test_a_listing_of_an_unknown_instrument_stays_and_has_no_siblings() -> None:
    reference = _WithoutAnInstrument()
    assert ids(mic_siblings.get_universe(MONDAY, "XLON", reference)) == [101, 102, 201]
    assert reference.asked == [{"MIC": "XLON"}, {"InstrumentId": [1]}]


def test_a_venue_without_instruments_asks_for_no_siblings() -> None:
    # A source may take an empty list for no condition at all.
    reference = _WithoutAnInstrument()
    assert mic_siblings.get_universe(MONDAY, "XXXX", reference).is_empty()
    assert reference.asked == [{"MIC": "XXXX"}]


# -- the simulated market: eight listings on each of three venues ------------------------------


def test_siblings_of_london_are_its_instruments_on_bats(simulated: Reference) -> None:
    found = mic_siblings.get_universe(SIMULATED_DAY, "XLON", simulated)
    by_venue = found.group_by("MIC").len().sort("MIC").rows()
    # Half of the listings on BATE are London's.
    assert by_venue == [("BATE", 4), ("XLON", 8)]
    assert found["OPOL"].unique().to_list() == ["XLON"]


def test_an_index_is_what_the_membership_table_says(simulated: Reference) -> None:
    members = index.get_universe(SIMULATED_DAY, "bezacp", simulated)
    assert members.sort("ListingId").equals(simulated(SIMULATED_DAY, MIC="XPAR").sort("ListingId"))


@pytest.mark.shared_data
def test_a_source_without_a_membership_table_says_so(shared_data: Path) -> None:
    reference = parquet_reference(shared_data / "bme_ana")
    with pytest.raises(BeafError, match="membership"):
        index.universe_values("2019-05-23", reference)
    with pytest.raises(BeafError, match="membership"):
        index.get_universe("2019-05-23", "IBEX", reference)


# -- real listings -----------------------------------------------------------------------------


@pytest.mark.shared_data
def test_one_real_instrument_on_three_venues_is_found_from_each(shared_data: Path) -> None:
    reference, day = parquet_reference(shared_data / "split3_ana"), "2019-05-23"
    everywhere = [91000010, 91000011, 91000012]
    assert ids(mic_siblings.get_universe(day, "XSPB", reference)) == everywhere
    assert ids(opol.get_universe(day, "XSPA", reference)) == everywhere
    assert ids(isin.get_universe(day, "ES0125220311", reference)) == everywhere
    assert ids(ticker.get_universe(day, "ANA", reference)) == everywhere
    assert ids(mic.get_universe(day, "XSPB~XSPC", reference)) == everywhere[1:]


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["mic", "mic_siblings", "opol", "ticker"])
def test_each_keeps_the_contract_on_real_listings(name: str, shared_data: Path) -> None:
    for market, day in (("bme_ana", "2019-05-23"), ("binance_spot", "2024-08-08")):
        check_universe(name, reference=parquet_reference(shared_data / market), day=day)


@pytest.mark.shared_data
def test_coins_have_no_isin_to_offer(shared_data: Path) -> None:
    assert isin.universe_values("2024-08-08", parquet_reference(shared_data / "binance_spot")) == []
