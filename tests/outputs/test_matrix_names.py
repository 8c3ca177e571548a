"""Is a hostile name a name like any other, or refused, wherever it can stand?

Whatever happens, nothing outside the root is touched, and what stands beside it stays as it is.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from tests.outputs.conftest import MakePlace
from tests.outputs.places import FIRST_DAY, PLACES, Place, host, ordered, version_of, write
from tests.outputs.standing import names

from beaf_core import (
    BeafError,
    DatePartition,
    PartitionRun,
    Target,
    UniversePartition,
)

HOSTILE = (
    'x"; DROP TABLE y; --',
    "x'; DELETE FROM beaf_receipts; --",
    "x`; DROP TABLE y; --",
    "x]; DROP TABLE y; --",
    "' OR '1'='1",
    "..",
    "../../escaped",
    "/escaped",
    "a/../../escaped",
    "..\\escaped",
    " spaced  out ",
    "tab\tand\nline",
    "nul\0byte",
    "ünïcödé 株式 ☃",
    "e\u0301 and \u00e9",
    "\u202eevil",
    "n" * 200,
    "株" * 200,
    "%41%2f%2e%2e",
    "a=b",
    "a+b",
    "a:b?c#d&e",
    "{datasetname}",
    "{0.__class__}",
    "%(name)s %s :name ?",
    "$(touch escaped)",
    "`touch escaped`",
    "--help",
    ".hidden",
    "*",
    "^.*$",
    "[a-z]*",
    "~",
    "select",
    "NULL",
    "null",
    "__HIVE_DEFAULT_PARTITION__",
    "PartitionKey",
    "beaf_receipts",
    "_delta_log",
    "_beaf",
)
SQL = {"sqlite", "duckdb", "postgresql"}
SLOW = {"postgresql", "duckdb", "parquet-s3", "hive-s3", "delta-s3"}
DAY = DatePartition(FIRST_DAY.isoformat())
ROWS = pl.DataFrame(
    {
        "ListingId": [1, 2, 3],
        "TimeBucket": pl.Series([1000, 2000, 3000], dtype=pl.Int64).cast(pl.Datetime("ns")),
        "MIC": ["XLON", "XPAR", "XLON"],
        "Close": [1.5, None, 3.5],
        "Number": [1, 2, 3],
    }
)


@dataclass(frozen=True)
class Case:
    """One hostile name in one role: where it is written to, and what.

    Attributes:
        target: the place.
        partition: its partition.
        frame: its rows.
    """

    target: Target
    partition: PartitionRun
    frame: pl.DataFrame


def as_dataset(place: Place, name: str) -> Case:
    return Case(place.target(name), _partition("XLON"), ROWS)


def as_pass(place: Place, name: str) -> Case:
    return Case(place.target("names", name), _partition("XLON"), ROWS)


def as_universe(place: Place, name: str) -> Case:
    return Case(place.target("universes"), _partition(name), ROWS)


def as_table(place: Place, name: str) -> Case:
    return Case(place.with_options(sql_table=name).target("tables"), _partition("XLON"), ROWS)


def as_column(place: Place, name: str) -> Case:
    frame = ROWS.rename({"Number": name}) if name not in ROWS.columns else ROWS
    return Case(place.target("columns" + str(HOSTILE.index(name))), _partition("XLON"), frame)


def as_text(place: Place, name: str) -> Case:
    """Among the values, of a column that may be one that partitions."""
    frame = ROWS.with_columns(pl.Series("MIC", [name, "XPAR", name]))
    return Case(place.target("texts" + str(HOSTILE.index(name))), _partition("XLON"), frame)


def _partition(value: str) -> PartitionRun:
    return PartitionRun(UniversePartition("custom", value), DAY)


@pytest.fixture
def sandbox(
    tmp_path: Path, make_place: MakePlace, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Place]]:
    """Make a place, work elsewhere, and see in the end that nothing else was touched."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    made: list[Place] = []

    def make(name: str) -> Place:
        place = make_place(name)
        write(place, 0, 1, height=10)
        made.append(place)
        return place

    yield make
    [place] = made
    assert version_of(place, 0, height=10) == 1, "what stood there before is still there"
    assert list(elsewhere.iterdir()) == []
    root = Path(place.root)
    if place.is_local:
        beside = [each.name for each in root.parent.iterdir()]
        assert not [each for each in beside if "escaped" in each or "evil" in each]
        assert not Path("/escaped").exists()
        outside = [each for each in root.rglob("*") if not each.resolve().is_relative_to(root)]
        assert not outside
    if place.root.startswith("s3://"):
        whole = Place(place.name, "s3://matrix", {}, place.storage_options)
        prefixes = {each.partition("/")[0] for each in names(whole)}
        assert not [each for each in prefixes if "escaped" in each]


ROLES = (as_dataset, as_pass, as_universe, as_column, as_text)


@pytest.mark.parametrize("name", PLACES)
def test_a_hostile_name_is_kept_as_it_is_or_refused(
    name: str, sandbox: Callable[[str], Place]
) -> None:
    place, faults = sandbox(name), []
    # All have their turn in the soak; where a write takes a tenth of a second, the most.
    count = 2 if name in SLOW else 6
    for role in ROLES:
        for each in random.Random(f"{name} {role.__name__}").sample(HOSTILE, count):
            if fault := fault_of(role, place, each):
                faults.append(f"{role.__name__} {each!r}: {fault}")
    assert not faults, "\n".join(faults)


@pytest.mark.soak
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", PLACES)
def test_every_hostile_name_is_kept_as_it_is_or_refused(
    name: str, role: Callable[[Place, str], Case], sandbox: Callable[[str], Place]
) -> None:
    place = sandbox(name)
    faults = {each: fault for each in HOSTILE if (fault := fault_of(role, place, each))}
    assert not faults, "\n".join(f"{each!r}: {fault}" for each, fault in faults.items())


@pytest.mark.parametrize("name", [each for each in PLACES if each in SQL])
def test_a_hostile_table_is_quoted_or_refused(name: str, sandbox: Callable[[str], Place]) -> None:
    place = sandbox(name)
    few = (*random.Random(name).sample(HOSTILE, 4), "beaf_rows", "beaf_receipts", "beaf_about")
    faults = {each: fault for each in few if (fault := fault_of(as_table, place, each))}
    assert not faults, "\n".join(f"{each!r}: {fault}" for each, fault in faults.items())


@pytest.mark.soak
@pytest.mark.parametrize("name", [each for each in PLACES if each in SQL])
def test_every_hostile_table_is_quoted_or_refused(
    name: str, sandbox: Callable[[str], Place]
) -> None:
    place = sandbox(name)
    faults = {each: fault for each in HOSTILE if (fault := fault_of(as_table, place, each))}
    assert not faults, "\n".join(f"{each!r}: {fault}" for each, fault in faults.items())


def fault_of(role: Callable[[Place, str], Case], place: Place, hostile: str) -> str | None:
    """Write and read a case; say what is wrong about it."""
    try:
        case = role(place, hostile)
        receipt = host().write_output(case.frame.lazy(), case.target, case.partition)
    except BeafError as error:
        return None if error.message else "the refusal says nothing"
    found = host().read_output(case.target, [case.partition])
    if found is None:
        return "it was written, and is not there"
    back = found.collect()
    if back.schema != case.frame.schema:
        return f"it comes back as {back.schema}"
    if not ordered(back).equals(ordered(case.frame)):
        return f"it comes back as {back}"
    if host().find_receipt(case.target, case.partition) != receipt:
        return "its receipt is another one"
    return None


def test_two_universes_never_share_a_place(place: Place) -> None:
    target = place.target("universes")
    alike = ["a/b", "a_b", "a\\b", "A_B", "a%2Fb", "a b", "a_b ", "a.b"]
    kept = {}
    for number, each in enumerate(alike):
        frame = ROWS.with_columns(pl.lit(number, pl.Int64).alias("Number"))
        try:
            host().write_output(frame.lazy(), target, _partition(each))
        except BeafError:
            continue
        kept[each] = frame
    assert len(kept) > 1
    for each, frame in kept.items():
        found = host().read_output(target, [_partition(each)])
        assert found is not None
        assert ordered(found.collect()).equals(ordered(frame)), each


def test_columns_that_differ_in_case_alone_are_kept_apart_or_refused(place: Place) -> None:
    frame = ROWS.with_columns(pl.lit("other").alias("close"))
    target, partition = place.target("cases"), _partition("XLON")
    try:
        host().write_output(frame.lazy(), target, partition)
    except BeafError as error:
        told = str(error).lower()
    else:
        told = ""
    found = host().read_output(target, [partition])
    if told:
        assert "close" in told
        assert found is None
    else:
        assert found is not None
        assert ordered(found.collect()).equals(ordered(frame))
