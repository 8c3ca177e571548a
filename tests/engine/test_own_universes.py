"""Do universes of a pipeline's own files count wherever it runs, and only when they are named?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.engine.conftest import Cut, assert_same, listings

from beaf_core import (
    CustomUniverse,
    DatePartition,
    PartitionRun,
    PluginError,
    UniversePartition,
    UsageError,
    execute_request,
    prepare_pipeline,
    run_partition,
    run_pipeline,
)
from beaf_core.prepare import request_flags
from beaf_core.run import request_of
from beaf_core.testing import TINY_DAYS

MONDAY = TINY_DAYS[0]
VALUE = "def get_universe(date, value, reference):\n    return reference(date, Ticker=value)\n"
BROKEN = "x = 1\n\nraise RuntimeError('no good')\n"
BARS = "PASSES: [{name: bars, modules: [trade]}]\n"


@pytest.fixture
def project(tmp_path: Path, beaf_market: Path) -> Path:
    """A project with a pipeline in a folder of its own; neither has universes yet."""
    (tmp_path / "beaf.yaml").write_text(f"SOURCE: {{type: parquet, root: '{beaf_market}'}}\n")
    pipelines = tmp_path / "pipelines"
    pipelines.mkdir()
    (pipelines / "plain.yaml").write_text(BARS)
    (pipelines / "own.py").write_text(
        "USER_CONFIG = {'PASSES': [{'name': 'bars', 'modules': ['trade']}]}\n"
    )
    return tmp_path


def put(folder: Path, **modules: str) -> None:
    (folder / "universes").mkdir(exist_ok=True)
    for name, text in modules.items():
        (folder / "universes" / f"{name}.py").write_text(text)


def ids(pipeline: Path, spec: str) -> list[int]:
    report = run_pipeline(pipeline, date=MONDAY, universe=spec, force=True)
    assert report.status == "succeeded", report.outcomes
    return sorted(pl.read_parquet(report.receipts[0].location)["ListingId"].unique().to_list())


@pytest.mark.parametrize("file", ["plain.yaml", "own.py"])
def test_a_module_beside_a_pipeline_is_a_universe(project: Path, file: str) -> None:
    put(project / "pipelines", ticker=VALUE)
    assert ids(project / "pipelines" / file, "ticker=ALFA") == [101, 201]
    assert ids(project / "pipelines" / file, "mic=XLON+!ticker=ALFA") == [102]


def test_a_module_beside_the_project_file_serves_all_its_pipelines(project: Path) -> None:
    put(project, ticker=VALUE)
    assert ids(project / "pipelines/plain.yaml", "ticker=BETA") == [102]


def test_the_module_nearest_to_the_pipeline_counts(project: Path) -> None:
    put(project, ticker=BROKEN)
    put(project / "pipelines", ticker=VALUE)
    assert ids(project / "pipelines/plain.yaml", "ticker=BETA") == [102]


def test_a_module_is_run_only_when_it_is_named(project: Path) -> None:
    put(project / "pipelines", broken=BROKEN, ticker=VALUE)
    assert ids(project / "pipelines/plain.yaml", "ticker=BETA") == [102]
    with pytest.raises(UsageError, match=r"universes/broken\.py:3.*RuntimeError: no good"):
        ids(project / "pipelines/plain.yaml", "broken")
    with pytest.raises(UsageError, match=r"universes/broken\.py:3"):
        ids(project / "pipelines/plain.yaml", "mic+!broken=x")


def test_a_syntax_error_in_a_module_is_told_with_its_line(project: Path) -> None:
    put(project / "pipelines", odd="def get_universe(date):\n    return (\n")
    with pytest.raises(UsageError, match=r"universes/odd\.py:2.*SyntaxError"):
        ids(project / "pipelines/plain.yaml", "odd")


def test_a_module_without_the_function_is_told_so(project: Path) -> None:
    put(project / "pipelines", odd="def universe(date):\n    pass\n")
    with pytest.raises(UsageError, match=r"odd\.py has no get_universe"):
        ids(project / "pipelines/plain.yaml", "odd=1")


def test_a_module_may_import_what_lies_beside_it_and_beside_the_pipeline(project: Path) -> None:
    folder = project / "pipelines"
    (folder / "beside_pipeline.py").write_text("TICKER = 'BETA'\n")
    put(
        folder,
        _beside_module="def pick(ask, date, ticker):\n    return ask(date, Ticker=ticker)\n",
        mine="from _beside_module import pick\nfrom beside_pipeline import TICKER\n"
        "def get_universe(date, reference):\n    return pick(reference, date, TICKER)\n",
    )
    assert ids(folder / "plain.yaml", "mine") == [102]
    with pytest.raises(PluginError, match="no universe is called"):
        ids(folder / "plain.yaml", "_beside_module")


def test_a_module_may_offer_values_for_near_matches(project: Path) -> None:
    offers = "def universe_values(date, reference):\n    return reference.values(date, 'Ticker')\n"
    put(project / "pipelines", ticker=VALUE + offers)
    report = run_pipeline(project / "pipelines/plain.yaml", date=MONDAY, universe="ticker=ALFB")
    assert 'did you mean "ALFA"' in str(report.outcomes[0].message)


def test_a_module_and_a_function_of_one_name_are_refused(project: Path) -> None:
    put(project / "pipelines", twice=VALUE)
    (project / "pipelines/own.py").write_text(
        "from beaf_core import CustomUniverse\n"
        "UNIVERSES = [CustomUniverse(print, name='twice')]\n"
        "USER_CONFIG = {'PASSES': [{'name': 'bars', 'modules': ['trade']}]}\n"
    )
    with pytest.raises(UsageError, match='"twice" is defined twice'):
        ids(project / "pipelines/own.py", "mic=XLON")


def test_a_relative_path_in_a_selector_belongs_to_the_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(
        project,
        listed="import polars as pl\ndef get_universe(value, folder):\n"
        "    return pl.read_csv(folder / value)\n",
    )
    (project / "mine.csv").write_text("ListingId,MIC\n201,XPAR\n")
    elsewhere = project / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert ids(project / "pipelines/plain.yaml", "listed=mine.csv") == [201]


# -- in worker processes ---------------------------------------------------------------------------

LISTED = """
from beaf_core import CustomUniverse

def some(date):
    return get_universe(date).head(9)

UNIVERSES = [CustomUniverse(some, name="some")]
"""
LATE = """
import polars as pl

def get_universe(date, value, folder):
    return pl.read_ndjson(folder / "all.json").tail(int(value))
"""
SMALL = ("MAX_ROWS_PER_TABLE.trades=200", "NUM_WORKERS=2")


def notes(report: Any) -> list[str]:
    found: list[str] = json.loads(Path(report.manifest).read_text())["notes"]
    return found


def written(cut: Cut) -> Path:
    """A market that is large enough to be cut, with a function and a module as universes."""
    listings(2).write_ndjson(cut.folder / "all.json")
    put(cut.folder, late=LATE)
    return cut.write(more=LISTED)


@pytest.mark.parametrize(
    ("spec", "count"),
    [
        ("some+late=5", 2),  # both of them, in one worker
        pytest.param("some", 9, marks=pytest.mark.soak),
        pytest.param("late=5", 5, marks=pytest.mark.soak),
    ],
)
def test_workers_know_the_universes_of_a_pipelines_own_files(
    cut: Cut, spec: str, count: int
) -> None:
    written(cut)
    report = cut.run(*SMALL, universe=spec)
    assert report.status == "succeeded", report.outcomes
    assert notes(report) == [], "every batch was computed by a worker"
    rows = pl.read_parquet(report.receipts[0].location)
    here = cut.run("NUM_WORKERS=0", universe=spec)
    assert_same(pl.read_parquet(here.receipts[0].location), rows)
    # The first of the market's listings never trades.
    assert rows["ListingId"].n_unique() == count - (spec == "some")


def test_functions_given_in_a_call_stay_in_this_process(cut: Cut) -> None:
    pipeline = written(cut)
    with (cut.folder / "beaf.yaml").open("a") as file:
        file.write("MAX_ROWS_PER_TABLE: {trades: 200}\nNUM_WORKERS: 2\n")
    mine = [CustomUniverse(lambda date: listings(2).tail(8), name="mine")]
    partition = PartitionRun(UniversePartition("mine"), DatePartition(MONDAY))
    report = run_partition(pipeline, None, partition, universes=mine)
    assert "universes was given as a function of this process" in " ".join(notes(report))


def test_functions_that_nobody_names_keep_no_run_from_its_workers(cut: Cut) -> None:
    mine = [CustomUniverse(lambda date: None, name="mine")]

    def prepared(spec: str | None) -> tuple[str, ...]:
        flags = {} if spec is None else {"UNIVERSE": spec}
        return prepare_pipeline(
            written(cut), flags=flags, get_universe=lambda date: None, universes=mine
        ).given

    assert prepared("some") == ()
    assert prepared(None) == ("get_universe",)
    assert prepared("some+!mine") == ("universes",)
    assert prepared("default+mine") == ("universes", "get_universe")


def test_a_request_that_has_travelled_finds_the_same_universes(project: Path) -> None:
    put(project / "pipelines", ticker=VALUE)
    pipeline = project / "pipelines/plain.yaml"
    flags = request_flags(MONDAY, None, None, "ticker=BETA")
    request = request_of(prepare_pipeline(pipeline, flags=flags))
    travelled = type(request).from_json(json.loads(json.dumps(request.to_json())))
    report = execute_request(travelled)
    assert pl.read_parquet(report.receipts[0].location)["ListingId"].unique().to_list() == [102]
