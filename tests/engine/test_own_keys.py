"""Are rows that other columns than listing and bucket tell apart computed, checked and written?"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from beaf_core import (
    Aggregation,
    AnalyticsModule,
    ConfigError,
    Context,
    ExitCode,
    Identity,
    Kind,
    Measure,
    RunReport,
    compute_frame,
    run_pipeline,
)
from beaf_core.cli import app
from beaf_core.model.errors import ModuleFaultError
from beaf_core.model.module import RESERVED
from beaf_core.testing import write_market

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"

#: Volumes of a venue: rows are told apart by MIC and TimeBucket. Each third of the pipeline may be
#: replaced by a test.
PIPELINE = """
import polars as pl
from beaf_core import Aggregation, AnalyticsModule, Identity, Kind, Measure

KEYS = ("MIC", "TimeBucket")


def measure(name, table, value=None):
    return Measure(name, table, value, "shares", name, name)


def compute(context, options):
    venues = context.listings.lazy().select("ListingId", "MIC")
    rows = context.tables["source"].join(venues, on="ListingId")
    return rows.group_by(*KEYS).agg(
        pl.col("Volume").sum().alias("VenueVolume"), pl.len().alias("Listings")
    )


volume = AnalyticsModule(
    "volume",
    lambda options: [measure("Volume", "trades", Aggregation(Kind.SUM, pl.col("Size")))],
)
venues = AnalyticsModule(
    "venues",
    lambda options: [measure("VenueVolume", "source"), measure("Listings", "source")],
    compute=compute,
    reads=lambda options: {"source": ("Volume",)},
    keys=lambda options: KEYS,
)


def get_universe(date, reference):
    return reference(date)


USER_CONFIG = {
    "DATASETNAME": "venues",
    "SOURCE": {"type": "parquet", "root": "market"},
    "PASSES": [
        {"name": "bars", "modules": ["volume"]},
        {"name": "venues", "modules": ["venues"], "source_pass": "bars"},
    ],
}
"""
#: Worked out from the trades of the tiny market.
WANTED = [
    ("XLON", datetime(2025, 1, 6, 9, 1), 1050.0, 2),
    ("XLON", datetime(2025, 1, 6, 9, 2), 1100.0, 1),
    ("XLON", datetime(2025, 1, 6, 9, 5), 150.0, 1),
    ("XLON", datetime(2025, 1, 7, 9, 1), 500.0, 1),
    ("XLON", datetime(2025, 1, 7, 9, 10), 70.0, 1),
    ("XPAR", datetime(2025, 1, 6, 9, 1), 40.0, 1),
    ("XPAR", datetime(2025, 1, 7, 9, 1), 20.0, 1),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_market(tmp_path / "market")
    return tmp_path / "venues.py"


def ran(project: Path, text: str = PIPELINE, **options: object) -> RunReport:
    project.write_text(text, encoding="utf-8")
    return run_pipeline(project, start_date=MONDAY, end_date=TUESDAY, **options)


def written(report: RunReport, name: str = "venues") -> pl.DataFrame:
    assert report.status == "succeeded", report.outcomes
    found = [each.receipt for each in report.outcomes if each.pass_name == name]
    return pl.concat([pl.read_parquet(each.location) for each in found if each])


def told(report: RunReport) -> str:
    assert report.exit_code is not ExitCode.OK
    return " ".join(str(each.message) for each in report.outcomes)


# -- computed and written --------------------------------------------------------------------------


def test_rows_hold_their_keys_and_measures_and_are_sorted_by_the_keys(project: Path) -> None:
    found = written(ran(project))
    assert found.columns == ["MIC", "TimeBucket", "VenueVolume", "Listings"]
    assert found.rows() == WANTED
    assert found.schema["TimeBucket"] == pl.Datetime("ns")


def test_a_second_run_finds_everything_up_to_date(project: Path) -> None:
    ran(project)
    assert {each.status for each in ran(project).outcomes} == {"unchanged"}


def test_other_keys_make_the_output_stale(project: Path) -> None:
    ran(project)
    text = PIPELINE.replace('KEYS = ("MIC", "TimeBucket")', 'KEYS = ("TimeBucket", "MIC")')
    report = ran(project, text)
    assert {each.pass_name: each.status for each in report.outcomes} == {
        "bars": "unchanged",
        "venues": "written",
    }
    assert written(report).rows() == sorted((at, mic, *rest) for mic, at, *rest in WANTED)


@pytest.mark.parametrize("workers", [0, 1])
def test_they_are_not_cut_into_batches_of_listings(project: Path, workers: int) -> None:
    sets = ["MAX_ROWS_PER_TABLE={'pass:bars': 1, trades: 1}", f"NUM_WORKERS={workers}"]
    assert written(ran(project, sets=sets)).rows() == WANTED


def test_a_worker_process_computes_them(project: Path) -> None:
    text = PIPELINE.replace("import polars as pl", "import os\n\nimport polars as pl").replace(
        'pl.len().alias("Listings")', 'pl.lit(os.getpid()).alias("Listings")'
    )
    # A worker that does nothing takes 0.18 GB: the pass exceeds the rest, and is not cut for that.
    sets = ["MEMORY_PER_WORKER=0.180001", "NUM_WORKERS=1"]
    found = written(ran(project, text, sets=sets))
    assert found["VenueVolume"].to_list() == [row[2] for row in WANTED]
    assert found["Listings"].n_unique() == 1
    assert found["Listings"][0] != os.getpid()


def test_any_of_their_columns_may_sort_them(project: Path) -> None:
    sets = ["PASSES.venues.sort_keys=[Listings]"]
    found = written(ran(project, sets=sets))
    assert found.rows() == sorted(WANTED, key=lambda row: (row[3], row[1], row[0]))


def test_values_are_not_carried_forward_in_them(project: Path) -> None:
    text = PIPELINE.replace(
        'pl.col("Volume").sum().alias("VenueVolume")',
        'pl.col("Volume").filter(pl.col("Volume") > 100).max().alias("VenueVolume")',
    )
    found = written(ran(project, text, sets=["DEFAULT_FFILL=true"]))
    assert found["VenueVolume"].to_list() == [1000.0, 1100.0, 150.0, 500.0, None, None, None]


def test_keys_need_neither_a_listing_nor_a_time(project: Path) -> None:
    text = PIPELINE.replace('KEYS = ("MIC", "TimeBucket")', 'KEYS = ("MIC",)')
    found = written(ran(project, text))
    assert found.rows() == [("XLON", 2870.0, 6), ("XPAR", 60.0, 2)]


def test_listing_and_bucket_are_no_keys_of_their_own(project: Path) -> None:
    text = PIPELINE.replace('("MIC", "TimeBucket")', '("TimeBucket", "ListingId")')
    found = written(ran(project, text))
    assert found.columns[:3] == ["ListingId", "TimeBucket", "MIC"]
    assert found.height == 8


# -- checked ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "fault"),
    [
        (".drop('MIC')", "its compute yields no column MIC"),
        (".with_columns(MIC=pl.lit(None, pl.String))", "a row without MIC or TimeBucket"),
        (".with_columns(MIC=pl.lit('X'))", "several rows for MIC X at 2025-01-06 09:01:00"),
        (".with_columns(Odd=1)", "yields Odd, which no measure"),
        (".with_columns(TimeBucket=5)", "TimeBucket as Int32, not as Datetime"),
    ],
)
def test_keys_that_are_not_kept_are_told_with_the_module(
    project: Path, ending: str, fault: str
) -> None:
    text = PIPELINE.replace(
        'pl.len().alias("Listings")\n    )', f'pl.len().alias("Listings")\n    ){ending}'
    )
    message = told(ran(project, text))
    assert 'the module "venues": ' in message
    assert fault in message


def test_a_listing_among_the_keys_is_of_the_universe(project: Path) -> None:
    text = PIPELINE.replace('("MIC", "TimeBucket")', '("ListingId",)').replace(
        'pl.len().alias("Listings")\n    )',
        'pl.len().alias("Listings")\n    ).with_columns(pl.col("ListingId") + 5)',
    )
    assert "rows for listing 106, which is not of the universe" in told(ran(project, text))


def test_identities_name_the_row_by_its_keys(project: Path) -> None:
    text = PIPELINE.replace(
        "    keys=lambda options: KEYS,\n",
        "    keys=lambda options: KEYS,\n"
        '    identities=lambda options: [Identity("one", pl.col("Listings") == 1)],\n',
    )
    report = ran(project, text)
    message = next(each.message for each in report.outcomes if each.pass_name == "venues")
    assert message == (
        "module venues: one fails in 1 of 7 rows, such as MIC XLON at 2025-01-06 09:01:00: "
        "Listings 2"
    )


def test_checks_of_all_passes_ask_no_listings_of_rows_that_have_none(project: Path) -> None:
    checks = "{ENABLED: true, action: raise, expect: {listings: all, rows: preserved}}"
    report = ran(project, sets=[f"QUALITY_CHECKS={checks}"])
    assert written(report).rows() == WANTED


def test_the_schema_lock_holds_the_keys(project: Path) -> None:
    lock = project.parent / "lock.json"
    ran(project, sets=[f"SCHEMA_LOCK_PATH={lock}", "SCHEMA_LOCK_MODE=raise"])
    assert json.loads(lock.read_text())["venues"] == {
        "MIC": "String",
        "TimeBucket": "Datetime(ns)",
        "VenueVolume": "Float64",
        "Listings": "UInt32",
    }


def test_the_list_of_columns_begins_with_the_keys(project: Path) -> None:
    project.write_text(PIPELINE)
    asked = ["analytics", "list", "--pipeline", str(project), "--json", "--include_keys"]
    found = CliRunner().invoke(app, asked)
    rows = [(row["column"], row["unit"]) for row in json.loads(found.stdout)]
    assert rows == [
        *((name, "key") for name in RESERVED),
        ("Volume", "shares"),
        ("MIC", "key"),
        ("TimeBucket", "key"),
        ("VenueVolume", "shares"),
        ("Listings", "shares"),
    ]


# -- refused before anything is read ---------------------------------------------------------------


def faults(project: Path, text: str, *sets: str) -> str:
    with pytest.raises(ConfigError) as caught:
        ran(project, text, sets=sets)
    return str(caught.value)


def test_a_module_with_own_keys_is_alone_in_its_pass(project: Path) -> None:
    message = faults(project, PIPELINE, "PASSES.venues.modules=[venues, volume]")
    assert (
        'the rows of the module "venues" are told apart by MIC, TimeBucket, and cannot stand '
        "beside those of volume"
    ) in message
    assert "give venues a pass of its own" in message


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            'measure("Listings", "source")',
            'measure("Listings", "source", Aggregation(Kind.COUNT))',
            "has keys of its own, MIC, TimeBucket, and aggregates Listings",
        ),
        (
            '"MIC", "TimeBucket")',
            '"Listings",)',
            "has keys of its own, Listings, and yields the key Listings as a measure",
        ),
        (
            "    keys=lambda options: KEYS,\n",
            "    keys=lambda options: KEYS,\n    grid=lambda options: DenseGrid(),\n",
            "and gives a timeline",
        ),
        ('("MIC", "TimeBucket")', '("MIC", "MIC")', "keys are ('MIC', 'MIC'), not distinct names"),
        ('("MIC", "TimeBucket")', '"MIC"', "its keys are 'MIC', not distinct names"),
        ('("MIC", "TimeBucket")', '("__MIC",)', "not distinct names of columns"),
        ('("MIC", "TimeBucket")', "()", "its keys are (), not distinct names"),
    ],
)
def test_a_declaration_that_cannot_be_is_told(
    project: Path, old: str, new: str, fault: str
) -> None:
    text = PIPELINE.replace("import Aggregation", "import Aggregation, DenseGrid")
    assert old in text
    assert fault in faults(project, text.replace(old, new))


def test_keys_are_a_function_of_the_options(project: Path) -> None:
    text = PIPELINE.replace("keys=lambda options: KEYS", "keys=KEYS")
    assert "keys is to be a function of the options" in faults(project, text)


READER = """
last = AnalyticsModule(
    "last",
    lambda options: [measure("Rows", "source", Aggregation(Kind.COUNT, pl.col("COLUMN")))],
)
USER_CONFIG["PASSES"].append(
    {"name": "last", "modules": ["last"], "source_pass": "venues", "time_bucket_seconds": 3600}
)
"""


def test_a_pass_that_reads_rows_of_no_listing_is_refused(project: Path) -> None:
    message = faults(project, PIPELINE + READER.replace("COLUMN", "Listings"))
    assert (
        'the module "last" reads the pass "venues", whose rows are told apart by MIC, TimeBucket'
    ) in message


def test_rows_with_a_key_beside_listing_and_bucket_are_read(project: Path) -> None:
    own = '("ListingId", "TimeBucket", "MIC")'
    text = PIPELINE.replace('("MIC", "TimeBucket")', own) + READER.replace("COLUMN", "MIC")
    report = ran(project, text)
    assert written(report).columns[:3] == ["ListingId", "TimeBucket", "MIC"]
    assert written(report, "last").select("ListingId", "Rows").rows() == [
        (101, 2), (101, 1), (102, 2), (102, 1), (201, 1), (201, 1)
    ]  # fmt: skip


def test_a_reader_finds_no_column_that_only_other_outputs_have(project: Path) -> None:
    own = '("ListingId", "TimeBucket", "MIC")'
    text = PIPELINE.replace('("MIC", "TimeBucket")', own) + READER.replace("COLUMN", "Ticker")
    message = faults(project, text)
    assert 'reads the column "Ticker", which the pass "venues" does not yield' in message


@pytest.mark.parametrize("wanted", ["{rows: preserved}", "{listings: all}"])
def test_a_pass_cannot_expect_listings_of_rows_that_have_none(project: Path, wanted: str) -> None:
    checks = f"PASSES.venues.quality_checks={{ENABLED: true, expect: {wanted}}}"
    assert "its rows are told apart by MIC, TimeBucket" in faults(project, PIPELINE, checks)


def test_sort_keys_name_columns_of_the_output(project: Path) -> None:
    message = faults(project, PIPELINE, "PASSES.venues.sort_keys=[Ticker]")
    assert 'the output has no column "Ticker"' in message


# -- over frames at hand ---------------------------------------------------------------------------


def extremes(context: Context, _options: object) -> pl.LazyFrame:
    rows = context.tables["source"]
    return rows.group_by("Side").agg(pl.col("Price").max().alias("Highest"))


def module(**more: Any) -> AnalyticsModule:
    return AnalyticsModule(
        "extremes",
        lambda _options: [Measure("Highest", "source", None, "ccy", "", "")],
        compute=extremes,
        reads=lambda _options: {"source": ("Side", "Price")},
        keys=lambda _options: ("Side",),
        **more,
    )


SOURCE = pl.DataFrame(
    {
        "ListingId": [1, 2, 2],
        "TimeBucket": [datetime(2025, 1, 6, 9, minute) for minute in (1, 1, 2)],
        "Side": ["sell", "buy", "sell"],
        "Price": [10.0, 11.0, 12.0],
    }
)


def test_frames_at_hand_give_rows_with_own_keys() -> None:
    found = compute_frame(module(), {}, source=SOURCE)
    assert found.columns == ["Side", "Highest"]
    assert found.rows() == [("buy", 11.0), ("sell", 12.0)]


def test_frames_at_hand_are_checked_for_their_keys() -> None:
    with pytest.raises(ModuleFaultError, match="a row without Side"):
        compute_frame(module(), {}, source=SOURCE.with_columns(Side=pl.lit(None, pl.String)))


def test_a_module_may_not_share_its_pass_in_either_order() -> None:
    other = AnalyticsModule(
        "count", lambda _options: [
            Measure("Rows", "source", Aggregation(Kind.COUNT), "rows", "", "")
        ]
    )  # fmt: skip
    for modules in ([module(), other], [other, module()]):
        with pytest.raises(ConfigError, match="cannot stand beside those of count"):
            compute_frame(modules, {}, source=SOURCE)


def test_an_identity_over_rows_with_own_keys_may_hold() -> None:
    held = module(identities=lambda _options: [Identity("dear", pl.col("Highest") > 10)])
    assert compute_frame(held, {}, source=SOURCE).height == 2
