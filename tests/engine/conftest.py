"""What do the engine's suites share? A market that is large enough to be cut."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pytest

from beaf_core import RunReport, run_pipeline

DAYS = ("2025-01-06", "2025-01-07")
MICS = ("XLON", "XPAR", "BATE")
LISTINGS = 12
Layout = Literal["listing", "time"]

#: The pipeline's own file: what it measures touches every way of aggregating.
PIPELINE = """
import polars as pl
from beaf_core import Aggregation, Kind, Measure

def of(name, kind, column=None, **more):
    value = Aggregation(kind, None if column is None else pl.col(column), **more)
    return Measure(name, "trades", value, "", "", "")

PRINTS = of("Prints", Kind.COUNT)
VOLUME = of("Volume", Kind.SUM, "Size")
NOTIONAL = of("Notional", Kind.SUM, "TradeNotional")
OPEN = of("Open", Kind.FIRST, "Price")
CLOSE = of("Close", Kind.LAST, "Price")
MIDDLE = of("Middle", Kind.MEDIAN, "Price")
SPREAD = of("Spread", Kind.STD, "Price")

def get_universe(date):
    return pl.DataFrame(LISTINGS)

USER_CONFIG = {
    "DATASETNAME": "cut",
    "BATCH_FREQ": None,
    "MEMORY_PER_WORKER": 1,
    "PASSES": [{"name": "bars", "modules": ["custom"], "time_bucket_seconds": 600}],
}
"""


def listings(files: int) -> pl.DataFrame:
    """List the market's listings, shared out over that many venues."""
    ids = list(range(100, 100 + LISTINGS))
    return pl.DataFrame(
        {"ListingId": ids, "MIC": [MICS[place * files // LISTINGS] for place in range(LISTINGS)]}
    )


def trades(day: str) -> pl.DataFrame:
    """Make a day of trades: few of most listings, many of one, several at one time."""
    rng = random.Random(day)
    rows = []
    for place, listing in enumerate(range(100, 100 + LISTINGS)):
        for _ in range(400 if place == 5 else 7 * place):  # none of the first
            rows.append((listing, rng.randrange(8 * 3600, 16 * 3600), rng.randrange(1, 500)))
    frame = pl.DataFrame(rows, schema=["ListingId", "second", "Size"], orient="row")
    midnight = pl.lit(day).str.to_datetime("%Y-%m-%d", time_unit="ns")
    count = frame.height
    return frame.select(
        "ListingId",
        (midnight + pl.duration(seconds="second", time_unit="ns")).alias("TradeTimestamp"),
        pl.Series("BMLLSequenceNo", rng.sample(range(count), count)),
        "Size",
        Price=pl.Series([round(rng.uniform(9, 11), 2) for _ in range(count)]),
    ).with_columns(TradeNotional=pl.col("Price") * pl.col("Size"))


@dataclass(frozen=True)
class Cut:
    """A project with a pipeline over a market, and a run of it."""

    folder: Path

    @property
    def pipeline(self) -> Path:
        return self.folder / "own.py"

    def write(self, files: int = 2, layout: Layout = "listing", *, more: str = "") -> Path:
        """Write the market into so many files a day, and the pipeline."""
        known = listings(files)
        order = ["ListingId", "TradeTimestamp"] if layout == "listing" else ["TradeTimestamp"]
        for day in DAYS:
            rows = trades(day).join(known, on="ListingId").sort(*order)
            for (mic,), part in rows.partition_by("MIC", as_dict=True).items():
                path = self.folder / "market" / "trades" / str(mic) / f"{day}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                part.drop("MIC").write_parquet(path, row_group_size=50)
        root = self.folder / "market"
        (self.folder / "beaf.yaml").write_text(f"SOURCE: {{type: parquet, root: '{root}'}}\n")
        self.pipeline.write_text(
            PIPELINE.replace("LISTINGS", str(known.to_dict(as_series=False))) + more
        )
        return self.pipeline

    def run(self, *sets: str, pipeline: Any = None, **more: Any) -> RunReport:
        """Run both days as one partition, whatever stands there."""
        dates = {"start_date": DAYS[0], "end_date": DAYS[1]}
        asked = self.pipeline if pipeline is None else pipeline
        return run_pipeline(asked, **dates, sets=sets, force=True, **more)

    def rows(self, *sets: str, **more: Any) -> pl.DataFrame:
        """Run, and read what was written."""
        report = self.run(*sets, **more)
        assert report.status == "succeeded", report.outcomes
        return pl.read_parquet(report.receipts[0].location)


@pytest.fixture
def cut(tmp_path: Path) -> Cut:
    """A market and a pipeline that are not written yet."""
    return Cut(tmp_path)


@pytest.fixture(scope="session")
def whole_rows(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], pl.DataFrame]:
    """Ask for the rows of an undisturbed run that is not cut, over so many files a day."""
    known: dict[int, pl.DataFrame] = {}

    def rows(files: int = 2) -> pl.DataFrame:
        if files not in known:
            project = Cut(tmp_path_factory.mktemp("whole"))
            project.write(files)
            known[files] = project.rows()
        return known[files]

    return rows


def assert_same(found: pl.DataFrame, wanted: pl.DataFrame) -> None:
    """Check that floats agree to 1e-12, relative, and all else exactly."""
    assert found.schema == wanted.schema
    assert found.height == wanted.height
    floats = [name for name, dtype in wanted.schema.items() if dtype.is_float()]
    assert found.drop(floats).equals(wanted.drop(floats))
    for name in floats:
        left, right = found[name], wanted[name]
        assert left.is_null().equals(right.is_null())
        assert ((left - right).abs() <= 1e-12 * right.abs()).all()
