"""Are weekly and monthly partitions their days, one after another?"""

from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from beaf_core import run_partition, run_pipeline
from beaf_dagster.partitions.definition import build_partitions
from beaf_dagster.partitions.keys import partition_run

#: A small simulated market, open on weekends too.
PIPELINE = """
DATASETNAME: {name}
EXCLUDE_WEEKENDS: {exclude}
SOURCE: {{type: simulated, listings_per_mic: 2, trades_per_listing: 40}}
PASSES:
  - {{name: bars, time_bucket_seconds: 3600, modules: [trade]}}
"""
FEBRUARY = ("2026-02-01", "2026-02-28")


def computed(
    folder: Path, frequency: str, span: tuple[str, str], *, weekends: bool
) -> tuple[pl.DataFrame, list[str]]:
    """Compute every partition of a definition; answer their rows together, and their dates."""
    path = folder / f"by_{frequency}.yaml"
    path.write_text(PIPELINE.format(name=f"by_{frequency}", exclude=not weekends))
    trading = {"weekends": weekends} if frequency == "D" else {}
    definition = build_partitions(["mic=XLON"], frequency, *span, **trading)
    runs = [partition_run(definition, key) for key in definition.get_partition_keys()]
    receipts = [run_partition(path, None, each).receipts for each in runs]
    frames = [pl.read_parquet(receipt.location) for each in receipts for receipt in each]
    rows = pl.concat(frames).sort("ListingId", "TimeBucket")
    return rows, [each.dates.key for each in runs]


@pytest.mark.parametrize(
    ("frequency", "span", "dates", "weekends"),
    [
        ("W", ("2026-02-02", "2026-02-08"), ["2026-02-02_2026-02-08"], True),
        ("2W", ("2026-02-02", "2026-02-15"), ["2026-02-02_2026-02-15"], False),
        pytest.param(*("M", FEBRUARY, ["2026-02-01_2026-02-28"], True), marks=pytest.mark.soak),
    ],
)
def test_a_longer_partition_is_its_days_one_after_another(
    tmp_path: Path, frequency: str, span: tuple[str, str], dates: list[str], weekends: bool
) -> None:
    (tmp_path / "beaf.yaml").touch()
    whole, found = computed(tmp_path, frequency, span, weekends=weekends)
    days, single = computed(tmp_path, "D", span, weekends=weekends)
    assert found == dates
    trade_days = whole["TimeBucket"].dt.date().unique()
    assert len(trade_days) == len(single)
    # Sums of floats may be added in another order; everything else is the same to the last bit.
    assert_frame_equal(whole, days, rel_tol=1e-12, abs_tol=0)


def test_a_run_over_a_range_writes_the_partitions_that_dagster_names(tmp_path: Path) -> None:
    (tmp_path / "beaf.yaml").touch()
    path = tmp_path / "weeks.yaml"
    path.write_text(PIPELINE.format(name="weeks", exclude=False) + "BATCH_FREQ: W\n")
    report = run_pipeline(path, start_date="2026-01-30", end_date="2026-02-18", universe="mic=XLON")
    definition = build_partitions(["mic=XLON"], "W", "2026-01-30", "2026-02-18")
    named = [partition_run(definition, key).key for key in definition.get_partition_keys()]
    written = [each.partition for each in report.receipts]
    # The range cuts off the first and the last; Dagster has whole windows alone.
    assert named == written[1:-1]
    assert len(written) == 4


def test_a_week_is_materialised_through_dagster_as_it_is_run(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    (tmp_path / "beaf.yaml").touch()
    path = tmp_path / "weeks.yaml"
    path.write_text(PIPELINE.format(name="weeks", exclude=False))
    definition = build_partitions(["mic=XLON"], "W", "2026-02-02", "2026-02-15")
    written: list[str] = []

    @dg.asset(partitions_def=definition)
    def bars(context: dg.AssetExecutionContext) -> None:
        report = run_partition(path, None, partition_run(definition, context.partition_key))
        written.extend(each.partition for each in report.receipts)

    key = "2026-02-09|mic=XLON"
    assert dg.materialize([bars], partition_key=key, instance=instance).success
    assert written == ["mic=XLON:2026-02-09_2026-02-15"]
