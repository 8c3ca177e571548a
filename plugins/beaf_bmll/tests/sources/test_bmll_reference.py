"""Do universes get their listings from the reference service, asked for no more than they need?"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from beaf_bmll.errors import BMLLError
from beaf_bmll.sources import Config, reference
from beaf_bmll.testing import Emulator
from beaf_bmll.testing.market import Market
from beaf_core import (
    BeafError,
    DayStatus,
    PluginHost,
    TableRead,
    TableRequest,
    UsageError,
    build_universe_partitions,
    universe_getter,
)
from beaf_core.testing import check_source
from beaf_universes import MICUniverse

from .conftest import DAY

#: Two companies on two venues each, one that is alive no more, and one on its own.
LISTINGS = pl.DataFrame(
    {
        "ListingId": [101, 102, 103, 104, 201, 202],
        "InstrumentId": [1, 2, 3, 4, 1, 5],
        "MIC": ["XLON"] * 4 + ["BATE"] * 2,
        "OPOL": ["XLON", "XLON", "XLON", "XLON", "XLON", "XPAR"],
        "Ticker": ["ALFA", "BETA", "GONE", "SOLO", "ALFAl", "EPSp"],
        "ISIN": ["GB1", "GB2", "GB3", None, "GB1", "FR5"],
        "CurrencyCode": ["GBX", "GBX", "GBX", "GBP", "GBX", "EUR"],
        "IsPrimary": [True, True, True, True, False, False],
        "IsAlive": [True, True, False, True, True, True],
    }
)
MEMBERS = pl.DataFrame({"Index": ["UK2", "UK2", "EU1"], "ListingId": [101, 102, 202]})
QUERY = "/reference/query"


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator(tmp_path_factory.mktemp("bmll"), start_machines=False) as emulator:
        emulator.reference, emulator.market.membership = LISTINGS, MEMBERS
        yield emulator
        assert not emulator.violations


@pytest.fixture
def vendor(around: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    for name, value in around.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("BMLL_BASE_URL", raising=False)
    monkeypatch.setattr(around.market, "page_size", 1000)
    around.requests.clear()
    return around


@pytest.fixture
def cache(tmp_path: Path) -> str:
    return str(tmp_path / "cache")


def constraints_asked(vendor: Emulator) -> list[set[str]]:
    """List what each question was constrained by; pages and venues are left out."""
    always = {"objectType", "startDate", "endDate", "schema", "token"}
    asked = [set(each.keys or ()) - always for each in vendor.requests if each.route == QUERY]
    return [each for each in asked if each]


def listings(selector: str, cache: str, day: str = str(DAY), **options: Any) -> pl.DataFrame:
    source = {"type": "bmll", "via": "api", "cache": cache, **options}
    return universe_getter(selector, source)(day)


@pytest.mark.parametrize(
    ("selector", "wanted", "asked"),
    [
        ("mic=XLON", [101, 102, 104], {"MIC", "IsAlive"}),
        ("mic=XLON~BATE", [101, 102, 104, 201, 202], {"MIC", "IsAlive"}),
        ("opol=XLON", [101, 102, 104, 201], {"OPOL", "IsAlive"}),
        ("ticker=EPSp", [202], {"Ticker", "IsAlive"}),
        ("isin=GB1", [101, 201], {"ISIN", "IsAlive"}),
        ("index=EU1", [202], {"Index"}),
    ],
)
def test_a_selector_is_answered_by_what_it_names_and_nothing_more_is_asked(
    vendor: Emulator, cache: str, selector: str, wanted: list[int], asked: set[str]
) -> None:
    found = listings(selector, cache)
    assert found["ListingId"].to_list() == wanted
    assert asked in constraints_asked(vendor)
    assert all(each in (asked, {"objectIds", "IsAlive"}) for each in constraints_asked(vendor))


def test_the_members_of_an_index_are_asked_for_by_name(vendor: Emulator, cache: str) -> None:
    assert listings("index=UK2+mic=XLON", cache)["ListingId"].to_list() == [101, 102]
    assert {"objectIds", "IsAlive"} in constraints_asked(vendor)


def test_a_venue_means_its_own_listings_and_siblings_are_asked_for_by_name(
    vendor: Emulator, cache: str
) -> None:
    own = listings("mic=XLON", cache)
    assert set(own["MIC"]) == {"XLON"}
    family = listings("mic_siblings=XLON", cache)
    assert family["ListingId"].to_list() == [101, 102, 104, 201]


def test_listings_that_are_alive_no_more_are_there_for_who_wants_them(
    vendor: Emulator, cache: str
) -> None:
    everybody = listings("mic=XLON", cache, alive_only=False)
    assert dict(everybody.select("ListingId", "IsAlive").rows()) == {
        101: True,
        102: True,
        103: False,
        104: True,
    }
    assert {"MIC"} in constraints_asked(vendor)


def test_an_answer_has_the_types_of_the_table(vendor: Emulator, cache: str) -> None:
    found = listings("mic=XLON", cache)
    assert found.schema["Date"] == pl.Datetime("ns")
    assert found["Date"].dt.date().unique().to_list() == [DAY]
    assert (found.schema["ListingId"], found.schema["IsPrimary"]) == (pl.Int64, pl.Boolean)
    assert found.filter(ListingId=104)["ISIN"].to_list() == [None], "the word None is no ISIN"


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_every_page_is_read_whatever_its_size(
    vendor: Emulator, cache: str, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(vendor.market, "page_size", size)
    assert listings("mic=XLON", cache)["ListingId"].to_list() == [101, 102, 104]
    assert sum("MIC" in each for each in constraints_asked(vendor)) == -(-3 // size)


def test_an_answer_is_kept_for_its_day_and_question_and_asked_for_once(
    vendor: Emulator, cache: str
) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: listings("mic=XLON", cache), range(6)))
    assert all(each.equals(found[0]) for each in found)
    asked = len([each for each in vendor.requests if each.route == QUERY])
    assert asked == 2, "the venues of the day, and the listings of one"
    listings("mic=XLON", cache, "2025-01-07")
    listings("mic=BATE", cache)
    assert len([each for each in vendor.requests if each.route == QUERY]) == asked + 3


def test_another_server_has_answers_of_its_own(
    vendor: Emulator, cache: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert listings("mic=XLON", cache).height == 3
    with Emulator(tmp_path / "other", start_machines=False) as other:
        other.reference = LISTINGS.head(1)
        for name, value in other.environment.items():
            monkeypatch.setenv(name, value)
        assert listings("mic=XLON", cache)["ListingId"].to_list() == [101]


@pytest.mark.parametrize(
    ("selector", "told"),
    [
        ("mic=XLOM", "mic does not know 'XLOM' — did you mean \"XLON\"?"),
        ("mic=XPAR", "the universe mic=XPAR is empty on 2025-01-06"),
        ("index=UK3", 'did you mean "UK2"?'),
        ("isin=GB9", "the universe isin=GB9 is empty"),
    ],
)
def test_no_listing_is_an_error_that_names_what_is_near(
    vendor: Emulator, cache: str, selector: str, told: str
) -> None:
    with pytest.raises(BeafError) as caught:
        listings(selector, cache)
    assert told in str(caught.value)


def test_a_venue_that_is_not_alive_is_not_asked_for(vendor: Emulator, cache: str) -> None:
    found = read(Config(cache=cache), "reference", mics=("XLOM",))
    assert found.frame is not None
    assert found.frame.collect().is_empty()
    assert constraints_asked(vendor) == []


def test_venues_are_listed_without_asking_for_any_listing(vendor: Emulator, cache: str) -> None:
    source = {"type": "bmll", "via": "api", "cache": cache}
    found = build_universe_partitions([MICUniverse()], source, date=DAY)
    assert found == ["mic=BATE", "mic=CHIX", "mic=XLON", "mic=XPAR"]
    assert constraints_asked(vendor) == []


def test_venues_that_are_alive_are_listed(vendor: Emulator, cache: str) -> None:
    config = Config(cache=cache)
    assert reference.available_markets(DAY, config) == ["BATE", "CHIX", "XLON", "XPAR"]


def read(config: Config, table: str, **wanted: Any) -> TableRead:
    return PluginHost().read_table("bmll", TableRequest(table, DAY, **wanted), config)


def test_the_whole_table_is_promised_and_asked_for_when_somebody_reads_it(
    vendor: Emulator, cache: str
) -> None:
    found = read(Config(cache=cache), "reference")
    assert constraints_asked(vendor) == []
    assert found.frame is not None
    euros = found.frame.filter(pl.col("CurrencyCode") == "EUR").select("ListingId").collect()
    assert euros["ListingId"].to_list() == [202]
    assert constraints_asked(vendor) == [{"MIC", "IsAlive"}]


def test_a_part_changes_its_version_with_its_content_alone(
    vendor: Emulator, cache: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(folder: Path) -> str | None:
        (part,) = read(Config(cache=str(folder)), "reference", mics=("XLON",)).parts
        assert part.rows is not None
        return part.version

    first = version(tmp_path / "a")
    assert first == version(tmp_path / "b")
    monkeypatch.setattr(vendor.market, "reference", LISTINGS.head(2))
    assert first != version(tmp_path / "c")


def test_membership_names_each_index_or_those_that_are_configured(
    vendor: Emulator, cache: str
) -> None:
    def pairs(config: Config, **wanted: Any) -> list[tuple[str, int]]:
        frame = read(config, "membership", **wanted).frame
        assert frame is not None
        return sorted(frame.select("Index", "ListingId").collect().rows())

    everything = Config(cache=cache)
    assert pairs(everything) == [("EU1", 202), ("UK2", 101), ("UK2", 102)]
    assert pairs(everything, listings=(102, 202)) == [("EU1", 202), ("UK2", 102)]
    assert pairs(everything, constraints={"Index": ("UK2", "EU1")}) == pairs(everything)
    assert pairs(Config(cache=cache, indices=("EU1",))) == [("EU1", 202)]


def test_an_index_that_nobody_knows_has_no_members_and_one_that_is_configured_is_missed(
    vendor: Emulator, cache: str
) -> None:
    asked = read(Config(cache=cache), "membership", constraints={"Index": "DAX"})
    assert asked.frame is not None
    assert (asked.status, asked.frame.collect().height) == (DayStatus.READY, 0)
    configured = read(Config(cache=cache, indices=("DAX", "EU1")), "membership")
    assert configured.status is DayStatus.MISSING
    assert configured.absent == (f"members of the index DAX on {DAY}",)


def test_the_tables_about_listings_keep_the_contract_of_sources(
    vendor: Emulator, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Market.markets
    monkeypatch.setattr(
        Market,
        "markets",
        lambda self, day: known(self, day) if day.year < 2030 else known(self, day).clear(),
    )
    tables = ["reference", "membership"]
    check_source("bmll", Config(cache=cache), tables=tables, absent_day="2030-01-05")


def test_an_identifier_that_is_no_number_is_refused(vendor: Emulator, cache: str) -> None:
    with pytest.raises(UsageError, match="ListingId is a number"):
        read(Config(cache=cache), "reference", constraints={"ListingId": "VOD"})


def test_a_server_that_fails_is_told_and_nothing_is_kept(vendor: Emulator, cache: str) -> None:
    vendor.faults.add("POST", QUERY, "reset", times=None)
    try:
        with pytest.raises(BMLLError):
            listings("mic=XLON", cache)
    finally:
        vendor.faults.clear()
    assert not list(Path(cache).rglob("*.parquet"))
    assert listings("mic=XLON", cache).height == 3


def test_an_ended_login_is_renewed_unseen(vendor: Emulator, cache: str) -> None:
    listings("mic=XLON", cache)
    vendor.expire_logins()
    assert listings("mic=BATE", cache)["ListingId"].to_list() == [201, 202]


def test_in_the_lab_the_lab_logs_in_and_no_key_is_needed(
    vendor: Emulator, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BMLL_USERNAME", "BMLL_KEY_PATH"):
        monkeypatch.delenv(name)
    for name, value in vendor.lab_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(vendor.lab_environment["PYTHONPATH"])
    assert listings("mic=BATE", cache, via="lab")["ListingId"].to_list() == [201, 202]
