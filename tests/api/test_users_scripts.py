"""Do the scripts that users have run on, with only an import line and a module list changed?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

# As users have it: a bare script, without a __main__ guard, whose default universe would ask a
# vendor that is not installed here, and is never called.
# ruff: noqa: E501
SCRIPT = """
from beaf_core import (
    UniversePartition,
    DatePartition,
    build_partition_runs,
    run_partition,
)

BASE_CONFIG = {
    "DATASETNAME": "dagster_demo",
    "PASSES": [
        {
            "name": "pass1",
            "time_bucket_seconds": 3600,
            "modules": ["trade"],
        }
    ],
}

def default_get_universe(date):
    import bmll.reference
    import polars as pl
    q = bmll.reference.query(Index="bezacp", object_type="Instrument", start_date=date).query("IsAlive")
    return pl.DataFrame(q)

universes = [
    UniversePartition(name="mic", value="XLON"),
    UniversePartition(name="mic", value="XPAR"),
]
dates = [DatePartition("2025-01-02", "2025-01-02")]
partition_runs = build_partition_runs(universes, dates)

for partition in partition_runs:
    run_partition(base_config=BASE_CONFIG, default_get_universe=default_get_universe, partition=partition)
"""


def test_the_bare_script_over_several_venues_runs(tmp_path: Path) -> None:
    (tmp_path / "beaf.yaml").write_text("SOURCE: {type: simulated}\n")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    subprocess.run([sys.executable, str(script)], cwd=tmp_path, check=True, timeout=120)
    for mic in ("XLON", "XPAR"):
        folder = tmp_path / "data" / "dagster_demo" / "pass1" / f"mic={mic}"
        frame = pl.read_parquet(folder / "2025-01-02_2025-01-02.parquet")
        assert frame["MIC"].unique().to_list() == [mic]
        assert frame["TimeBucket"].dt.minute().unique().to_list() == [0]
        assert {"Volume", "VWAP", "Open", "Close"} <= set(frame.columns)


@pytest.fixture
def project(tmp_path: Path, beaf_market: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "beaf.yaml").write_text(f"SOURCE: {{type: parquet, root: '{beaf_market}'}}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


BASE = {
    "DATASETNAME": "api",
    "PASSES": [
        {
            "name": "bars",
            "modules": ["trade"],
            "trade_analytics": {"generic_metrics": [{"measures": ["OHLC", "VWAP"]}]},
        }
    ],
}


def test_on_result_gets_the_partition_and_the_resolved_configuration(project: Path) -> None:
    from beaf_core import (
        AnalyticsConfig,
        DatePartition,
        PartitionRun,
        UniversePartition,
        run_partition,
    )

    partition = PartitionRun(
        universe=UniversePartition(name="mic", value="XLON"),
        dates=DatePartition(start_date="2025-01-06", end_date="2025-01-07"),
    )
    heard: list[tuple[PartitionRun, AnalyticsConfig]] = []
    report = run_partition(
        base_config=BASE,
        default_get_universe=lambda date: None,
        partition=partition,
        on_result=lambda *result: heard.append(result),
    )
    assert [given for given, _ in heard] == [partition]
    config = heard[0][1]
    assert (config.START_DATE, config.END_DATE) == ("2025-01-06", "2025-01-07")
    assert config.UNIVERSE == "mic=XLON"
    assert config.PASSES[0].name == "bars"
    assert report.receipts[0].partition == partition.key


def test_the_default_universe_answers_the_selector_default(project: Path) -> None:
    from beaf_core import DatePartition, PartitionRun, UniversePartition, run_partition

    asked: list[str] = []

    def default_get_universe(date: str) -> pl.DataFrame:
        asked.append(date)
        return pl.DataFrame({"ListingId": [201], "MIC": ["XPAR"]})

    report = run_partition(
        base_config=BASE,
        default_get_universe=default_get_universe,
        partition=PartitionRun(UniversePartition("default"), DatePartition("2025-01-06")),
    )
    assert asked == ["2025-01-06"], "once, with an ISO day"
    frame = pl.read_parquet(report.receipts[0].location)
    assert frame["ListingId"].unique().to_list() == [201]


def test_a_pandas_universe_will_do(project: Path) -> None:
    import pandas as pd

    from beaf_core import DatePartition, PartitionRun, UniversePartition, run_partition

    report = run_partition(
        BASE,
        lambda date: pd.DataFrame({"ListingId": [101], "MIC": ["XLON"]}),
        PartitionRun(UniversePartition("default"), DatePartition("2025-01-06")),
    )
    assert pl.read_parquet(report.receipts[0].location)["ListingId"].unique().to_list() == [101]


def test_get_pipeline_gives_modules_and_takes_any_of_its_arguments(project: Path) -> None:
    from beaf_core import (
        Aggregation,
        AnalyticsModule,
        DatePartition,
        Kind,
        Measure,
        PartitionRun,
        UniversePartition,
        run_partition,
    )

    rows = Measure("Rows", "trades", Aggregation(Kind.COUNT), "trades", "Rows.", "Σ 1")
    asked: list[str] = []

    def get_pipeline(pass_config):
        asked.append(pass_config.name)
        return [AnalyticsModule("rows", measures=lambda options: [rows]), "trade"]

    report = run_partition(
        base_config=BASE,
        default_get_universe=None,
        partition=PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06")),
        get_pipeline=get_pipeline,
    )
    assert asked == ["bars"]
    frame = pl.read_parquet(report.receipts[0].location)
    # A module without a row filter of its own sees the off-book print at 09:01:40 as well.
    assert frame.sort("ListingId", "TimeBucket")["Rows"].to_list() == [4, 2, 1, 1]


def test_a_failed_partition_raises_with_its_report(project: Path) -> None:
    from beaf_core import BeafError, DatePartition, PartitionRun, UniversePartition, run_partition

    with pytest.raises(BeafError, match="2025-01-08") as failed:
        run_partition(
            BASE, None, PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-08"))
        )
    assert failed.value.exit_code == 4
    assert failed.value.report.outcomes[0].status == "failed"


def test_the_callers_configuration_is_left_as_it_was(project: Path) -> None:
    from beaf_core import DatePartition, PartitionRun, UniversePartition, run_partition

    before = json.dumps(BASE)
    run_partition(
        BASE, None, PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06"))
    )
    assert json.dumps(BASE) == before


def test_two_runs_in_one_process_do_not_disturb_each_other(project: Path) -> None:
    from beaf_core import run_pipeline

    first = run_pipeline(BASE, date="2025-01-06", universe="mic=XLON")
    second = run_pipeline({**BASE, "DATASETNAME": "other"}, date="2025-01-06", universe="mic=XPAR")
    assert first.run_id != second.run_id
    assert pl.read_parquet(second.receipts[0].location)["MIC"].unique().to_list() == ["XPAR"]


def test_a_request_carried_out_on_the_other_side_gives_the_same_rows(
    project: Path, beaf_market: Path
) -> None:
    """What any launcher does: the request travels as JSON, and is executed elsewhere."""
    (project / "bars.py").write_text(
        "from beaf_core import Aggregation, Kind, Measure\n"
        "ROWS = Measure('Rows', 'trades', Aggregation(Kind.COUNT), 'trades', 'Rows.', 'n')\n"
        "USER_CONFIG = {'DATASETNAME': 'sent', 'PASSES': [{'name': 'bars', 'modules': ['custom']}]}\n"
        "def get_universe(date, reference):\n"
        "    return reference(date, MIC='XLON')\n"
    )
    from beaf_core import DatePartition, LaunchRequest, execute_request, run_pipeline

    here = run_pipeline(project / "bars.py", date="2025-01-06")
    rows = pl.read_parquet(here.receipts[0].location)
    request = LaunchRequest(
        run_id="elsewhere",
        config={
            "DATASETNAME": "sent",
            "SOURCE": {"type": "parquet", "root": str(beaf_market)},
            "OUTPUT_TARGET": {"path_template": str(project / "elsewhere.parquet")},
            "PASSES": [{"name": "bars", "modules": ["custom"]}],
        },
        universe=None,
        dates=DatePartition("2025-01-06"),
        pipeline=str(project / "bars.py"),
        project=str(project),
    )
    travelled = LaunchRequest.from_json(json.loads(json.dumps(request.to_json())))
    report = execute_request(travelled)
    assert report.status == "succeeded", report.outcomes
    assert pl.read_parquet(report.receipts[0].location).equals(rows)


def test_a_yaml_pipeline_can_be_carried_out_on_the_other_side(
    project: Path, beaf_market: Path
) -> None:
    from beaf_core import DatePartition, LaunchRequest, execute_request

    path = project / "bars.yaml"
    path.write_text("PASSES: [{name: bars, modules: [trade]}]\n")
    config = {**BASE, "SOURCE": {"type": "parquet", "root": str(beaf_market)}}
    request = LaunchRequest(
        run_id="far",
        config=config,
        universe="mic=XLON",
        dates=DatePartition("2025-01-06"),
        pipeline=str(path),
        project=str(project),
    )
    report = execute_request(LaunchRequest.from_json(json.loads(json.dumps(request.to_json()))))
    assert report.status == "succeeded", report.outcomes
