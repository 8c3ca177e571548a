"""Does what a module computes itself stand beside what others declare, or is its fault told?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from beaf_core import ExitCode, RunReport, run_pipeline
from beaf_core.testing import write_market

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"

PIPELINE = """
import polars as pl
from beaf_core import Aggregation, AnalyticsModule, Kind, Measure


def shares(context, options):
    sizes = context.tables["trades"].group_by("ListingId", "TimeBucket").agg(pl.col("Size").sum())
    total = pl.col("Size").sum().over("TimeBucket")
    return sizes.select("ListingId", "TimeBucket", MarketShare=pl.col("Size") / total)


def compute(context, options):
    return shares(context, options)


SHARE = Measure("MarketShare", "trades", None, "ratio", "Share of the market.", "v / V")
VOLUME = Measure("Volume", "trades", Aggregation(Kind.SUM, pl.col("Size")), "shares", "x", "x")

share = AnalyticsModule(
    name="share",
    measures=lambda options: [SHARE],
    compute=compute,
    reads=lambda options: {"trades": ("Size",)},
    cross_sectional=True,
)
volume = AnalyticsModule(name="volume", measures=lambda options: [VOLUME])


def get_universe(date, reference):
    return reference(date)


USER_CONFIG = {
    "DATASETNAME": "share",
    "SOURCE": {"type": "parquet", "root": "market"},
    "PASSES": [{"name": "bars", "time_bucket_seconds": 60, "modules": ["share", "volume"]}],
    "OUTPUT_TARGET": {"type": "parquet"},
}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_market(tmp_path / "market")
    return tmp_path / "share.py"


def ran(project: Path, text: str = PIPELINE, **options: object) -> RunReport:
    project.write_text(text, encoding="utf-8")
    return run_pipeline(project, start_date=MONDAY, end_date=TUESDAY, **options)


def told(report: RunReport) -> str:
    assert report.exit_code is not ExitCode.OK
    return " ".join(str(each.message) for each in report.outcomes)


def rows_of(report: RunReport, *columns: str) -> list[tuple[object, ...]]:
    assert report.status == "succeeded", report
    frame = pl.read_parquet(report.receipts[0].location).sort("ListingId", "TimeBucket")
    return frame.select("ListingId", "TimeBucket", *columns).rows()


#: Monday's first minute: 1000 of ALFA and 50 of BETA on XLON, 40 on XPAR.
WANTED = [
    (101, datetime(2025, 1, 6, 9, 1), 1000 / 1090, 1000.0),
    (101, datetime(2025, 1, 6, 9, 2), 1.0, 1100.0),
    (101, datetime(2025, 1, 7, 9, 1), 500 / 520, 500.0),
    (102, datetime(2025, 1, 6, 9, 1), 50 / 1090, 50.0),
    (102, datetime(2025, 1, 6, 9, 5), 1.0, 150.0),
    (102, datetime(2025, 1, 7, 9, 10), 1.0, 70.0),
    (201, datetime(2025, 1, 6, 9, 1), 40 / 1090, 40.0),
    (201, datetime(2025, 1, 7, 9, 1), 20 / 520, 20.0),
]


def test_computed_columns_stand_beside_declared_ones(project: Path) -> None:
    assert rows_of(ran(project), "MarketShare", "Volume") == WANTED


def test_a_module_that_looks_across_listings_is_not_cut_into_batches(project: Path) -> None:
    found = ran(project, sets=["MAX_ROWS_PER_TABLE={trades: 1}", "NUM_WORKERS=0"])
    assert rows_of(found, "MarketShare", "Volume") == WANTED


def test_one_that_does_not_sees_the_listings_of_each_batch(project: Path) -> None:
    text = PIPELINE.replace("cross_sectional=True", "cross_sectional=False")
    found = ran(project, text, sets=["MAX_ROWS_PER_TABLE={trades: 1}", "NUM_WORKERS=0"])
    assert {row[2] for row in rows_of(found, "MarketShare")} == {1.0}


def test_a_pass_may_hold_computed_columns_alone(project: Path) -> None:
    text = PIPELINE.replace('["share", "volume"]', '["share"]')
    assert rows_of(ran(project, text), "MarketShare") == [row[:3] for row in WANTED]


def test_a_bucket_that_is_only_computed_has_a_row(project: Path) -> None:
    text = PIPELINE.replace(
        "    return shares(context, options)",
        "    early = pl.col('TimeBucket').dt.offset_by('-1h')\n"
        "    return shares(context, options).with_columns(early)",
    )
    found = rows_of(ran(project, text), "MarketShare", "Volume", "MIC")
    assert (101, datetime(2025, 1, 7, 8, 1), 500 / 520, 0.0, "XLON") in found
    assert (101, datetime(2025, 1, 7, 9, 1), None, 500.0, "XLON") in found
    assert len(found) == 2 * len(WANTED)


def test_the_context_holds_buckets_trade_dates_and_the_universe(project: Path) -> None:
    text = PIPELINE.replace(
        "    return shares(context, options)",
        "    days = context.tables['trades'].group_by('ListingId', 'TimeBucket').agg(\n"
        "        MarketShare=pl.col('TradeDate').first().dt.day() * 1000.0\n"
        "        + context.bucket_ns / 1e9 + context.listings.height)\n"
        "    return days",
    )
    assert [row[2] for row in rows_of(ran(project, text), "MarketShare")] == [
        (6000.0 if row[1] < datetime(2025, 1, 7) else 7000.0) + 63 for row in WANTED
    ]


def test_rows_have_their_own_time(project: Path) -> None:
    text = PIPELINE.replace(
        "    return shares(context, options)",
        "    rows = context.tables['trades'].group_by('ListingId', 'TimeBucket')\n"
        "    return rows.agg(MarketShare=pl.col('EventTime').max().dt.second() * 1.0)",
    )
    # The last print of 101 in its first minute is at 09:01:00 exactly.
    seconds = [0.0, 40.0, 1.0, 30.0, 0.0, 0.0, 5.0, 59.0]
    assert [row[2] for row in rows_of(ran(project, text), "MarketShare")] == seconds


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("1 / 0", "its compute failed: ZeroDivisionError"),
        ("shares(context, options).collect()", "returned a DataFrame, not a LazyFrame"),
        ("shares(context, options).rename({'MarketShare': 'Share'})", "no column MarketShare"),
        ("shares(context, options).drop('TimeBucket')", "yields no column TimeBucket"),
        ("shares(context, options).with_columns(Odd=1)", "yields Odd, which no measure"),
        (
            "pl.concat([shares(context, options)] * 2)",
            "several rows for listing 101 at 2025-01-06 09:01:00",
        ),
        ("shares(context, options).with_columns(ListingId=7)", "listing 7, which is not of"),
        (
            "shares(context, options).with_columns(ListingId=pl.lit(None, pl.Int64))",
            "a row without",
        ),
        ("shares(context, options).with_columns(TimeBucket=5)", "TimeBucket as Int32"),
        ("context.tables['l2']", "its compute failed: KeyError"),
        ("shares(context, options).select(pl.col('Nothing'))", "ColumnNotFoundError"),
        (
            "shares(context, options).with_columns(MarketShare=pl.col('MarketShare')"
            ".map_elements(lambda x: 1 / 0, return_dtype=pl.Float64))",
            "its compute failed",
        ),
    ],
)
def test_a_promise_that_is_not_kept_is_told_with_the_module(
    project: Path, body: str, fault: str
) -> None:
    text = PIPELINE.replace(
        "def compute(context, options):\n    return shares(context, options)",
        f"def compute(context, options):\n    return {body}",
    )
    message = told(ran(project, text))
    assert message.startswith('the module "share": ')
    assert fault in message


def test_a_column_without_a_value_or_a_compute_is_told(project: Path) -> None:
    message = told(ran(project, PIPELINE.replace("    compute=compute,\n", "")))
    assert 'the module "share": declares MarketShare without a value or a compute' in message
