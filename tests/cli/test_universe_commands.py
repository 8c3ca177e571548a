"""Does `beaf universe` tell what selectors mean, and how that changes from day to day?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from beaf_core.testing import tiny_table, write_market
from tests.cli.conftest import Beaf

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny market, in which on Tuesday 102 is gone, 202 is new, and 101 is called ALFX."""
    market = write_market(tmp_path / "market")
    listings = tiny_table("reference", TUESDAY)
    london = listings.filter(pl.col("ListingId") == 101).with_columns(Ticker=pl.lit("ALFX"))
    paris = listings.filter(pl.col("ListingId") == 201)
    new = paris.with_columns(
        ListingId=pl.lit(202, pl.Int64), InstrumentId=pl.lit(3, pl.Int64), Ticker=pl.lit("GAMA")
    )
    london.write_parquet(market / "reference" / "XLON" / f"{TUESDAY}.parquet")
    pl.concat([paris, new]).write_parquet(market / "reference" / "XPAR" / f"{TUESDAY}.parquet")
    # TINY is 101 and 201 on Monday, 201 and 202 on Tuesday; NEW begins on Tuesday.
    tuesday = pl.lit(datetime.fromisoformat(TUESDAY)).cast(pl.Datetime("ms")).alias("Date")
    members = pl.DataFrame({"Index": ["TINY", "TINY", "NEW"], "ListingId": [201, 202, 202]})
    (market / "membership" / "XLON" / f"{TUESDAY}.parquet").unlink()
    members.select(tuesday, pl.all()).write_parquet(
        market / "membership" / "XPAR" / f"{TUESDAY}.parquet"
    )
    (tmp_path / "beaf.yaml").write_text("SOURCE: {type: parquet, root: market}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def show(beaf: Beaf, selector: str, day: str) -> list[int]:
    shown = beaf("universe", "show", selector, "--date", day, "--json")
    assert shown.code == 0, shown.err
    return [each["ListingId"] for each in shown.json]


def diff(beaf: Beaf, selector: str) -> Any:
    found = beaf("universe", "diff", selector, "--from", MONDAY, "--to", TUESDAY, "--json")
    assert found.code == 0, found.err
    return found.json


# -- list --------------------------------------------------------------------------------------


def test_list_names_every_universe_with_its_values(beaf: Beaf, project: Path) -> None:
    listed = beaf("universe", "list", "--date", MONDAY, "--json")
    values = {each["name"]: each["values"] for each in listed.json}
    assert values == {
        "file": [],
        "index": ["TINY", "TINYUK"],
        "isin": ["GB0000000101", "GB0000000102"],
        "mic": ["XLON", "XPAR"],
        "mic_siblings": ["XLON", "XPAR"],
        "opol": ["XLON"],
        "ticker": ["ALFA", "BETA"],
    }


def test_values_follow_the_day(beaf: Beaf, project: Path) -> None:
    for day, values in ((MONDAY, ["TINY", "TINYUK"]), (TUESDAY, ["NEW", "TINY"])):
        listed = beaf("universe", "list", "--values", "index", "--date", day)
        assert listed.out.splitlines() == values
        assert "2 values" in listed.err


@pytest.fixture
def thousands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A market of 3,000 listings of one venue."""
    folder = tmp_path / "market" / "reference" / "XLON"
    folder.mkdir(parents=True)
    numbers = pl.int_range(3000, eager=True)
    one = tiny_table("reference", MONDAY).head(1).drop("ListingId", "Ticker")
    many = one.join(pl.DataFrame({"ListingId": numbers}), how="cross")
    tickers = pl.format("T{}", pl.col("ListingId").cast(pl.String).str.zfill(4))
    many.with_columns(tickers.alias("Ticker")).write_parquet(folder / f"{MONDAY}.parquet")
    (tmp_path / "beaf.yaml").write_text("SOURCE: {type: parquet, root: market}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_thousands_of_values_are_counted_and_the_first_ones_shown(
    beaf: Beaf, thousands: Path
) -> None:
    listed = beaf("universe", "list", "--date", MONDAY)
    (line,) = [each for each in listed.out.splitlines() if each.startswith(" ticker")]
    assert "3,000" in line
    assert "T0000 T0001" in line
    assert "…" in line
    assert "T0020" not in listed.out
    assert f"all: beaf universe list --values ticker --date {MONDAY}" in listed.err
    every = beaf("universe", "list", "--date", MONDAY, "--values", "ticker")
    assert every.out.splitlines() == [f"T{number:04}" for number in range(3000)]


def test_a_universe_that_cannot_answer_is_told_once_beside_the_others(
    beaf: Beaf, thousands: Path
) -> None:
    listed = beaf("universe", "list", "--date", MONDAY)
    assert listed.code == 0
    assert "warning: index: there is no membership on 2025-01-06" in listed.err
    as_json = beaf("universe", "list", "--date", MONDAY, "--json").json
    faults = {each["name"]: each["fault"] for each in as_json if "fault" in each}
    assert list(faults) == ["index"]
    assert "there is no membership" in faults["index"]
    alone = beaf("universe", "list", "--date", MONDAY, "--values", "index")
    assert (alone.code, alone.out) == (4, "")
    assert "there is no membership on 2025-01-06" in alone.err


def test_a_day_without_reference_is_told_once_for_all(beaf: Beaf, project: Path) -> None:
    listed = beaf("universe", "list", "--date", "2025-01-08")
    assert listed.err.count("there is no reference on 2025-01-08") == 1
    assert "index, isin, mic, mic_siblings, opol, ticker: there is no" in listed.err


def test_the_values_of_a_universe_unheard_of_are_refused(beaf: Beaf, project: Path) -> None:
    found = beaf("universe", "list", "--values", "indx", "--date", MONDAY)
    assert found.code == 2
    assert 'no universe is called "indx" — did you mean "index"?' in found.err


# -- show --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "monday", "tuesday"),
    [
        ("index=TINY", [101, 201], [201, 202]),
        ("mic=XLON~XPAR", [101, 102, 201], [101, 201, 202]),
        ("index=TINY+mic=XPAR", [201], [201, 202]),
        ("mic+!index=TINY", [102], [101]),
        ("opol=XLON+!mic=XPAR", [101, 102], [101]),
        ("mic_siblings=XPAR", [101, 201], [101, 201, 202]),
        ("mic_siblings=XPAR+!mic=XPAR", [101], [101]),
    ],
)
def test_selectors_mean_what_was_so_on_that_day(
    beaf: Beaf, project: Path, selector: str, monday: list[int], tuesday: list[int]
) -> None:
    assert show(beaf, selector, MONDAY) == monday
    assert show(beaf, selector, TUESDAY) == tuesday


def test_a_file_belongs_to_the_projects_folder_wherever_one_stands(
    beaf: Beaf, project: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (project / "mine.csv").write_text("ListingId\n101\n202\n")
    below = project / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    assert show(beaf, "file=mine.csv", MONDAY) == [101]
    assert show(beaf, "file=mine.csv", TUESDAY) == [101, 202]
    # pytest takes what would be on stderr.
    (told,) = caplog.messages
    assert told.startswith(
        f"warning: {project / 'mine.csv'}: line 3 (ListingId=202) names no listing on {MONDAY}"
    )


def test_show_ends_with_the_run_that_computes_it(beaf: Beaf, pipeline_file: Path) -> None:
    shown = beaf("universe", "show", "mic=XLON+!ticker=BETA", "-p", pipeline_file, "--date", MONDAY)
    assert "mic=XLON+!ticker=BETA on 2025-01-06: 1 listing" in shown.out
    assert (
        f"next: beaf pipeline run --date {MONDAY} --universe 'mic=XLON+!ticker=BETA' "
        f"--pipeline {pipeline_file}"
    ) in shown.err


@pytest.mark.parametrize(
    ("selector", "code", "words"),
    [
        ("index", 2, ["the universe index needs a value", "index=STOXX600", "--values index"]),
        ("opol=", 2, ["universe 'opol=' has no value", "name=value"]),
        ("mic=XLOM", 4, ["mic=XLOM is empty on 2025-01-06", 'did you mean "XLON"']),
        ("index=TINI", 4, ['did you mean "TINY"']),
        ("isin=GB0000000101~GB0000000103", 2, ["no listing has the ISIN GB0000000103"]),
        ("file=nowhere.csv", 2, ["there is no file", "nowhere.csv", "beaf.yaml"]),
        ("mic=XLON+!mic=XPAT", 4, ['did you mean "XPAR"']),
        ("mic=XLON,mic=XPAR", 2, ["a comma breaks partition keys", "~"]),
        ("!mic=XLON", 2, ["mic+!mic=XLON"]),
    ],
)
def test_what_a_selector_gets_wrong_is_told_with_a_way_out(
    beaf: Beaf, project: Path, selector: str, code: int, words: list[str]
) -> None:
    found = beaf("universe", "show", selector, "--date", MONDAY)
    assert (found.code, found.out) == (code, "")
    assert found.err.startswith("error: ")
    assert all(word in found.err for word in words), found.err
    assert "Traceback" not in found.err


# -- diff --------------------------------------------------------------------------------------


def test_diff_tells_who_came_went_and_changed(beaf: Beaf, project: Path) -> None:
    found = diff(beaf, "mic")
    assert found["counts"] == {"came": 1, "went": 1, "changed": 1, "same": 1}
    assert [each["ListingId"] for each in found["came"]] == [202]
    assert [each["ListingId"] for each in found["went"]] == [102]
    (changed,) = found["changed"]
    assert changed["ListingId"] == 101
    assert changed["changes"] == {"Ticker": {"from": "ALFA", "to": "ALFX"}}
    assert (found["universe"], found["from"], found["to"]) == ("mic", MONDAY, TUESDAY)


def test_diff_of_an_index_is_its_membership(beaf: Beaf, project: Path) -> None:
    found = diff(beaf, "index=TINY")
    assert [each["ListingId"] for each in found["came"]] == [202]
    assert [each["ListingId"] for each in found["went"]] == [101]
    assert found["counts"]["same"] == 1


def test_diff_shows_a_line_for_each(beaf: Beaf, project: Path) -> None:
    shown = beaf("universe", "diff", "mic", "--from", MONDAY, "--to", TUESDAY)
    assert shown.code == 0
    assert f"mic from {MONDAY} to {TUESDAY}: 1 came, 1 went, 1 changed, 1 same" in shown.out
    cells = [line.split() for line in shown.out.splitlines()]
    assert ["+", "202", "XPAR", "GAMA", "Alfa", "plc", "came"] in cells
    assert ["-", "102", "XLON", "BETA", "Beta", "plc", "went"] in cells
    assert ["~", "101", "XLON", "ALFX", "Alfa", "plc", "Ticker", "ALFA", "→", "ALFX"] in cells
    assert f"next: beaf universe show mic --date {TUESDAY}" in shown.err


def test_a_universe_that_begins_or_ends_between_the_days_is_no_error(
    beaf: Beaf, project: Path
) -> None:
    assert diff(beaf, "index=NEW")["counts"] == {"came": 1, "went": 0, "changed": 0, "same": 0}
    assert diff(beaf, "index=TINYUK")["counts"] == {"came": 0, "went": 1, "changed": 0, "same": 0}


def test_no_change_is_one_line(beaf: Beaf, project: Path) -> None:
    shown = beaf("universe", "diff", "mic", "--from", MONDAY, "--to", MONDAY)
    assert shown.out == f"mic from {MONDAY} to {MONDAY}: 0 came, 0 went, 0 changed, 3 same\n"


@pytest.mark.parametrize(
    ("selector", "end", "code", "words"),
    [
        ("mic=XLOM", TUESDAY, 4, 'did you mean "XLON"'),
        ("mic", "2025-01-08", 4, "there is no reference on 2025-01-08"),
        ("mic", "tomorrow", 2, "write dates as YYYY-MM-DD"),
    ],
)
def test_diff_refuses_what_it_cannot_compare(
    beaf: Beaf, project: Path, selector: str, end: str, code: int, words: str
) -> None:
    found = beaf("universe", "diff", selector, "--from", MONDAY, "--to", end)
    assert (found.code, found.out) == (code, "")
    assert words in found.err


# -- runs --------------------------------------------------------------------------------------


@pytest.fixture
def pipeline(project: Path) -> Path:
    """Bars of the changing market, a partition a day."""
    path = project / "bars.yaml"
    path.write_text(
        "DATASETNAME: bars\nBATCH_FREQ: D\n"
        "PASSES:\n  - {name: bars, modules: [trade], trade_analytics: "
        "{generic_metrics: [{measures: [Volume]}]}}\n"
    )
    return path


def run(beaf: Beaf, pipeline: Path, selector: str) -> dict[str, tuple[str, list[int]]]:
    """Run both days; day → the partition's status and the listings that it holds."""
    found = beaf("pipeline", "run", "--pipeline", pipeline, "--start_date", MONDAY,
                 "--end_date", TUESDAY, "--universe", selector, "--json")  # fmt: skip
    assert found.code == 0, found.err
    return {
        each["partition"][-10:]: (each["status"], _listings(each["location"]))
        for each in found.json["receipts"]
    }


def _listings(location: str) -> list[int]:
    return pl.read_parquet(location)["ListingId"].unique().sort().to_list()


def test_a_run_computes_each_day_with_the_members_of_that_day(beaf: Beaf, pipeline: Path) -> None:
    # 202 is a member on Tuesday, and does not trade; 101 trades on both days.
    found = run(beaf, pipeline, "index=TINY")
    assert found == {MONDAY: ("written", [101, 201]), TUESDAY: ("written", [201])}


def test_a_run_follows_the_periods_of_a_file_and_sees_it_change(beaf: Beaf, pipeline: Path) -> None:
    listings = pipeline.with_name("mine.csv")
    listings.write_text("ListingId,EndDate\n101,2025-01-06\n201,\n")
    first = run(beaf, pipeline, "file=mine.csv")
    assert first == {MONDAY: ("written", [101, 201]), TUESDAY: ("written", [201])}
    assert run(beaf, pipeline, "file=mine.csv")[MONDAY] == ("unchanged", [101, 201])
    listings.write_text("ListingId,EndDate\n102,2025-01-06\n201,\n")
    assert run(beaf, pipeline, "file=mine.csv") == {
        MONDAY: ("written", [102, 201]),
        TUESDAY: ("unchanged", [201]),
    }


def test_a_run_without_the_file_says_which_one_is_missing(beaf: Beaf, pipeline: Path) -> None:
    found = beaf("pipeline", "run", "--pipeline", pipeline, "--date", MONDAY,
                 "--universe", "file=mine.csv")  # fmt: skip
    assert found.code == 2
    assert f"there is no file {pipeline.with_name('mine.csv')}" in found.err
    assert not (pipeline.parent / "data").exists()
