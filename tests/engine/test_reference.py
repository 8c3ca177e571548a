"""Does the source's reference answer alternatives and values, and ask for no more than it needs?"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from beaf_core import (
    AbsentDayError,
    DataInvalidError,
    PluginHost,
    TableRead,
    TableRequest,
    UsageError,
    alternatives,
)
from beaf_core.engine.planning.reference import SourceReference
from beaf_core.testing import TINY_DAYS, tiny_reference

DAY = TINY_DAYS[0]


@dataclass
class Overheard(PluginHost):
    """A host that remembers what sources were asked."""

    asked: list[TableRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def read_table(self, source: str, request: TableRequest, config: Any) -> TableRead:
        self.asked.append(request)
        return super().read_table(source, request, config)


def reference_of(source: str, **options: object) -> tuple[SourceReference, Overheard]:
    host = Overheard()
    model = host.config_model("source", source)
    assert model is not None
    return SourceReference(host, source, model(**options), {}), host


@pytest.fixture
def parquet(beaf_market: Path) -> tuple[SourceReference, Overheard]:
    return reference_of("parquet", root=str(beaf_market))


@pytest.fixture
def simulated() -> tuple[SourceReference, Overheard]:
    return reference_of("simulated")


ALTERNATIVES: list[dict[str, Any]] = [
    {},
    {"MIC": "XLON"},
    {"MIC": ["XLON", "XPAR"]},
    {"MIC": ("XLON", "XXXX")},
    {"MIC": {"XXXX"}},
    {"MIC": []},
    {"MIC": pl.Series(["XPAR", "XPAR"])},
    {"ListingId": [101, 201, 999]},
    {"IsPrimary": [True]},
    {"Sector": ["Energy", "Telecoms"], "MIC": "XLON"},
    {"Index": "TINY"},
    {"Index": ["TINY", "TINYUK"]},
    {"Index": ["TINY", "TINYUK"], "MIC": ["XLON"]},
    {"Index": []},
    {"ISIN": [None, "GB0000000102"]},
]


@pytest.mark.parametrize("constraints", ALTERNATIVES, ids=str)
def test_the_parquet_source_answers_alternatives_as_the_tiny_market_does(
    parquet: tuple[SourceReference, Overheard], constraints: dict[str, Any]
) -> None:
    wanted = tiny_reference(DAY, **constraints)["ListingId"].sort().to_list()
    found = parquet[0](DAY, **constraints)["ListingId"].sort().to_list()
    assert found == wanted


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        ("MIC", ["XLON", "XPAR"]),
        ("ListingId", ["101", "102", "201"]),
        ("IsPrimary", ["false", "true"]),
        ("Index", ["TINY", "TINYUK"]),
        ("ISIN", ["GB0000000101", "GB0000000102"]),
    ],
)
def test_values_are_each_named_once_and_sorted_whatever_the_source(
    parquet: tuple[SourceReference, Overheard], column: str, wanted: list[str]
) -> None:
    assert parquet[0].values(DAY, column) == wanted
    assert tiny_reference.values(DAY, column) == wanted


def test_values_leave_nulls_out(tmp_path: Path) -> None:
    frame = tiny_reference(DAY).with_columns(ISIN=pl.Series([None, "GB0000000102", None]))
    (tmp_path / "reference").mkdir()
    frame.write_parquet(tmp_path / f"reference/{DAY}.parquet")
    reference, _ = reference_of("parquet", root=str(tmp_path))
    assert reference.values(DAY, "ISIN") == ["GB0000000102"]


def test_the_simulated_market_answers_alternatives_and_values(
    simulated: tuple[SourceReference, Overheard],
) -> None:
    reference = simulated[0]
    everything = reference(DAY)
    assert reference.values(DAY, "MIC") == sorted(everything["MIC"].unique())
    assert reference.values(DAY, "Index") == ["STOXX600", "bezacp"]
    both = reference(DAY, MIC=["XLON", "BATE"])
    assert both.equals(everything.filter(pl.col("MIC").is_in(["XLON", "BATE"])))
    one = everything["InstrumentId"][0]
    # A selector's value is text, whatever the column holds.
    assert reference(DAY, InstrumentId=str(one)).equals(
        everything.filter(pl.col("InstrumentId") == one)
    )
    assert reference(DAY, IsPrimary=["false"]).equals(everything.filter(~pl.col("IsPrimary")))


def test_venues_that_are_not_asked_for_are_not_read(
    parquet: tuple[SourceReference, Overheard],
) -> None:
    reference, host = parquet
    reference(DAY, MIC=["XPAR"])
    assert [each.mics for each in host.asked] == [("XPAR",)]
    reference(DAY, MIC=["XPAR", "XLON"], Sector="Energy")
    assert host.asked[-1].mics == ("XPAR", "XLON")
    assert host.asked[-1].constraints == {"MIC": ("XPAR", "XLON"), "Sector": "Energy"}


def test_the_members_of_an_index_are_asked_for_by_name(
    parquet: tuple[SourceReference, Overheard],
) -> None:
    reference, host = parquet
    found = reference(DAY, Index="TINY", MIC="XLON")
    assert found["ListingId"].to_list() == [101]
    last = host.asked[-1]
    assert (last.table, last.listings) == ("reference", (101, 201))
    assert dict(last.constraints) == {"MIC": "XLON"}


def test_values_ask_for_one_column_of_one_table(
    parquet: tuple[SourceReference, Overheard],
) -> None:
    reference, host = parquet
    reference.values(DAY, "OPOL")
    assert [(each.table, each.columns) for each in host.asked] == [("reference", ("OPOL",))]


@pytest.mark.parametrize("source", ["parquet", "simulated"])
def test_a_column_that_the_source_lacks_is_told_with_those_that_it_has(
    source: str, beaf_market: Path
) -> None:
    options = {"root": str(beaf_market)} if source == "parquet" else {}
    reference, _ = reference_of(source, **options)
    with pytest.raises(UsageError, match=r'no column OPPOL.* did you mean "OPOL"'):
        reference.values(DAY, "OPPOL")
    with pytest.raises(UsageError, match=r'no column OPPOL.* did you mean "OPOL"'):
        reference(DAY, OPPOL=["XLON", "XPAR"])


def test_a_column_of_the_wrong_type_is_no_column_that_is_not_there(tmp_path: Path) -> None:
    frame = tiny_reference(DAY).with_columns(MIC=pl.lit(7))
    (tmp_path / "reference").mkdir()
    frame.write_parquet(tmp_path / f"reference/{DAY}.parquet")
    reference, _ = reference_of("parquet", root=str(tmp_path))
    with pytest.raises(DataInvalidError, match="MIC"):
        reference.values(DAY, "MIC")


def test_a_reference_that_knows_indices_itself_answers_for_them(tmp_path: Path) -> None:
    frame = tiny_reference(DAY).with_columns(Index=pl.Series(["A", "B", None]))
    (tmp_path / "reference").mkdir()
    frame.write_parquet(tmp_path / f"reference/{DAY}.parquet")
    reference, _ = reference_of("parquet", root=str(tmp_path))
    assert reference.values(DAY, "Index") == ["A", "B"]
    assert reference(DAY, Index=["B", "C"])["ListingId"].to_list() == [102]


def test_a_day_without_a_reference_is_absent(parquet: tuple[SourceReference, Overheard]) -> None:
    with pytest.raises(AbsentDayError, match="2025-01-08"):
        parquet[0].values("2025-01-08", "MIC")
    with pytest.raises(AbsentDayError, match="2025-01-08"):
        parquet[0]("2025-01-08", MIC=["XLON"])


def test_alternatives_are_a_collections_values_or_the_value_itself() -> None:
    assert alternatives("XLON") == ("XLON",)
    assert alternatives(None) == (None,)
    assert alternatives(["b", "a", "b"]) == ("b", "a")
    assert alternatives(frozenset({1})) == (1,)
    assert alternatives(()) == ()
