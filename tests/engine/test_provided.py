"""Can modules make tables of others, which measures of any module then read like an input?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from beaf_core import ExitCode, RunReport, run_pipeline
from beaf_core.testing import write_market

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"

#: ALFA's large prints on XLON are 200 at 10.5, 400 at 10.4, 1000 off the book; 500 on Tuesday.
PIPELINE = """
import polars as pl
from beaf_core import Aggregation, AnalyticsModule, AsOf, Kind, Measure, ProvidedTable


def large(tables):
    rows = tables["trades"].filter(pl.col("Size") >= 200)
    return rows.select("ListingId", "TradeTimestampNanoseconds", "BMLLSequenceNo",
                       Worth=pl.col("Price") * pl.col("Size"), Print=pl.col("Size"))


def build(tables):
    return large(tables)


LARGE = ProvidedTable(
    name="large",
    needs={"trades": ("TradeTimestampNanoseconds", "BMLLSequenceNo", "Price", "Size")},
    build=build,
    time="TradeTimestampNanoseconds",
    sequence="BMLLSequenceNo",
)
WORTH = Measure("LargeWorth", "large", Aggregation(Kind.SUM, pl.col("Worth")), "ccy", "x", "x")
LAST = Measure("LastLarge", "large", Aggregation(Kind.LAST, pl.col("Print")), "shares", "x", "x")
VOLUME = Measure("Volume", "trades", Aggregation(Kind.SUM, pl.col("Size")), "shares", "x", "x")
SEEN = Measure("SeenLarge", "trades", Aggregation(Kind.LAST, pl.col("Large")), "shares", "x", "x",
               lookups={"Large": AsOf("large", pl.col("Print"))})

maker = AnalyticsModule(name="maker", measures=lambda o: [], provides=lambda o: [LARGE])
reader = AnalyticsModule(name="reader", measures=lambda o: [WORTH, LAST, VOLUME, SEEN])


def get_universe(date, reference):
    return reference(date, Ticker="ALFA", MIC="XLON")


USER_CONFIG = {
    "DATASETNAME": "large",
    "SOURCE": {"type": "parquet", "root": "market"},
    "PASSES": [{"name": "bars", "time_bucket_seconds": 60, "modules": ["maker", "reader"]}],
    "OUTPUT_TARGET": {"type": "parquet"},
}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_market(tmp_path / "market")
    return tmp_path / "large.py"


def ran(project: Path, text: str = PIPELINE) -> RunReport:
    project.write_text(text, encoding="utf-8")
    return run_pipeline(project, start_date=MONDAY, end_date=TUESDAY)


def told(report: RunReport) -> str:
    assert report.exit_code is not ExitCode.OK
    return " ".join(str(each.message) for each in report.outcomes)


def test_a_table_of_another_module_is_aggregated_and_looked_up_in(project: Path) -> None:
    report = ran(project)
    assert report.status == "succeeded", report
    frame = pl.read_parquet(report.receipts[0].location).sort("TimeBucket")
    names = ["TimeBucket", "LargeWorth", "LastLarge", "Volume", "SeenLarge"]
    # In the first minute 300 at 10.2, 200 at 10.5 and 400 at 10.4; 100 comes before them all.
    assert frame.select(names).rows() == [
        (datetime(2025, 1, 6, 9, 1), 9320.0, 400.0, 1000.0, 400.0),
        (datetime(2025, 1, 6, 9, 2), 11000.0, 1000.0, 1100.0, 1000.0),
        (datetime(2025, 1, 7, 9, 1), 5500.0, 500.0, 500.0, 500.0),
    ]


def test_a_table_may_be_made_of_another_that_is_made(project: Path) -> None:
    huge = (
        "HUGE = ProvidedTable('huge', {'large': ('TradeTimestampNanoseconds', 'Print')},"
        " lambda t: t['large'].filter(pl.col('Print') >= 500), 'TradeTimestampNanoseconds')\n"
        "COUNT = Measure('Huge', 'huge', Aggregation(Kind.COUNT), 'prints', 'x', 'x')\n"
        "maker = AnalyticsModule("
    )
    text = PIPELINE.replace("maker = AnalyticsModule(", huge)
    text = text.replace("[LARGE]", "[HUGE, LARGE]").replace("[WORTH, LAST,", "[COUNT,")
    report = ran(project, text)
    assert report.status == "succeeded", report
    frame = pl.read_parquet(report.receipts[0].location).sort("TimeBucket")
    assert frame["Huge"].to_list() == [0, 1, 1]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("1 / 0", "cannot be made: ZeroDivisionError: division by zero"),
        ("large(tables).collect()", "is a DataFrame, not a LazyFrame"),
        ("large(tables).rename({'Worth': 'Value'})", "has no column Worth"),
        ("large(tables).drop('TradeTimestampNanoseconds')", "TradeTimestampNanoseconds"),
        ("large(tables).drop('BMLLSequenceNo')", "has no column BMLLSequenceNo"),
        ("tables['trades'].select(pl.col('Nothing'))", "cannot be made: ColumnNotFoundError"),
        (
            "large(tables).with_columns(TradeTimestampNanoseconds=pl.lit('noon'))",
            "has its time, TradeTimestampNanoseconds, as String",
        ),
        ("large(tables).with_columns(ListingId=pl.lit('ALFA'))", "has ListingId as String"),
        ("tables['l2']", "KeyError"),
    ],
)
def test_a_table_that_is_not_made_as_promised_is_told_with_its_module(
    project: Path, body: str, fault: str
) -> None:
    text = PIPELINE.replace(
        "def build(tables):\n    return large(tables)", f"def build(tables):\n    return {body}"
    )
    message = told(ran(project, text))
    assert message.startswith('the module "maker": the table "large" ')
    assert fault in message


def test_rows_of_other_listings_are_left_out(project: Path) -> None:
    text = PIPELINE.replace(
        "    return large(tables)\n\n\nLARGE",
        "    return large(tables).with_columns(ListingId=pl.lit(999))\n\n\nLARGE",
    )
    frame = pl.read_parquet(ran(project, text).receipts[0].location)
    assert frame["ListingId"].unique().to_list() == [101]
    assert frame["LargeWorth"].to_list() == [0.0, 0.0, 0.0]


def test_tables_made_of_each_other_are_refused(project: Path) -> None:
    text = PIPELINE.replace('needs={"trades": (', 'needs={"large": (')
    message = told(ran(project, text))
    assert "made of each other: large of large" in message


INSTRUMENTS = """
import polars as pl
from beaf_core import Aggregation, AnalyticsModule, Kind, Measure, ProvidedTable


def build(tables):
    known = tables["reference"].collect()
    assert tables["reference"].explain().startswith("DF ["), "the rows are in memory"
    first = known.group_by("InstrumentId").agg(First=pl.col("ListingId").min())
    named = known.join(first, on="InstrumentId").select("ListingId", "First")
    rows = tables["trades"].join(named.lazy(), on="ListingId")
    return rows.select("TradeTimestampNanoseconds", "Size", ListingId=pl.col("First"))


TABLE = ProvidedTable(
    name="everywhere",
    needs={
        "trades": ("TradeTimestampNanoseconds", "Size"),
        "reference": ("InstrumentId",),
    },
    build=build,
    time="TradeTimestampNanoseconds",
)
TOTAL = Measure("Total", "everywhere", Aggregation(Kind.SUM, pl.col("Size")), "shares", "x", "x")
OWN = Measure("Own", "trades", Aggregation(Kind.SUM, pl.col("Size")), "shares", "x", "x")
maker = AnalyticsModule("maker", measures=lambda o: [TOTAL, OWN], provides=lambda o: [TABLE])


def get_universe(date, reference):
    return reference(date, Ticker="ALFA")


USER_CONFIG = {
    "DATASETNAME": "everywhere",
    "SOURCE": {"type": "parquet", "root": "market"},
    "PASSES": [{"name": "bars", "time_bucket_seconds": 86400, "modules": ["maker"]}],
    "OUTPUT_TARGET": {"type": "parquet"},
}
"""


def test_a_table_may_be_made_with_what_the_reference_knows_of_the_universe(project: Path) -> None:
    project.write_text(INSTRUMENTS, encoding="utf-8")
    report = run_pipeline(project, date=MONDAY)
    assert report.status == "succeeded", report
    frame = pl.read_parquet(report.receipts[0].location).sort("ListingId")
    assert frame.height > 1, "the instrument is traded on several venues"
    assert frame["Total"].to_list() == [frame["Own"].sum(), *[0.0] * (frame.height - 1)]
