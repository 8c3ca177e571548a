"""Does every demo run, and yield exactly the columns that are listed for it?"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

DEMO = Path(__file__).parents[2] / "demo"
#: A demo is a Python file, or a YAML file that stands by itself.
DEMOS = sorted(
    path
    for path in (*DEMO.glob("*.py"), *DEMO.glob("*.yaml"))
    if path.name != "beaf.yaml"
    and not (path.suffix == ".yaml" and path.with_suffix(".py").exists())
)
#: Real data without members of indices.
ON_REAL_DATA = [path for path in DEMOS if not path.name.startswith("07")]

SIMULATED = ["--date", "2026-02-02", "--set", "SOURCE.listings_per_mic=2"]


def listed(beaf: Any, demo: Path) -> dict[str, list[str]]:
    found = beaf("analytics", "list", "--pipeline", demo, "--include_keys", "--json")
    assert found.code == 0, found.err
    passes = dict.fromkeys(each["pass"] for each in found.json)
    return {
        name: [each["column"] for each in found.json if each["pass"] == name] for name in passes
    }


def written(beaf: Any, demo: Path, folder: Path, *options: object) -> dict[str, pl.DataFrame]:
    target = f"OUTPUT_TARGET.path_template={folder}/{{pass}}.parquet"
    if demo.stem.startswith("09"):
        options = (*options, "--set", "PASSES.bars.extra_outputs=[]")  # they have their own test
    ran = beaf("pipeline", "run", "--pipeline", demo, "--json", "--set", target, *options)
    assert ran.code == 0, ran.err
    frames = (Path(each["location"]) for each in ran.json["receipts"])
    return {path.stem: pl.read_parquet(path) for path in frames}


def test_there_are_all_the_demos() -> None:
    names = [path.name for path in DEMOS]
    assert [name[:3] for name in names] == ["01_", "02_", "03_", "04_", "05_", "06_", "07_", "08_",
                                            "09_", "mai"]  # fmt: skip


@pytest.mark.parametrize("demo", DEMOS, ids=lambda path: path.stem)
def test_a_demo_yields_what_is_listed(
    beaf: Any, demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    promised = listed(beaf, demo)
    found = written(beaf, demo, tmp_path, *SIMULATED)
    assert {name: frame.columns for name, frame in found.items()} == promised
    for frame in found.values():
        assert not frame.is_empty()


@pytest.mark.parametrize("demo", DEMOS, ids=lambda path: path.stem)
def test_a_demo_is_valid_and_its_examples_come_out(beaf: Any, demo: Path) -> None:
    found = beaf("pipeline", "validate", "--pipeline", demo, "--json")
    assert found.code == 0, found.err
    assert (found.json["examples"] > 0) == (demo.stem[:2] in ("03", "04", "08"))


def test_the_demo_of_outputs_writes_the_same_rows_to_each_beside_itself(
    beaf: Any, tmp_path: Path
) -> None:
    for name in ("09_outputs.py", "beaf.yaml"):
        shutil.copy(DEMO / name, tmp_path)
    run = ("pipeline", "run", "--pipeline", tmp_path / "09_outputs.py", "--json", *SIMULATED)
    ran = beaf(*run)
    assert ran.code == 0, ran.err
    data = tmp_path / "data"
    file = pl.read_parquet(ran.json["receipts"][0]["location"])
    assert len(ran.json["receipts"]) == 5
    assert not file.is_empty()
    hive = pl.read_parquet(data / "demo_outputs/hive/**/*.parquet", hive_partitioning=True)
    delta = pl.read_delta(str(data / "demo_outputs/delta"))
    with closing(sqlite3.connect(data / "demo_outputs.db")) as connection:
        rows = connection.execute("SELECT ListingId, Close FROM demo_outputs_bars").fetchall()
    with closing(duckdb.connect(str(data / "demo_outputs.duckdb"), read_only=True)) as found:
        same = found.execute("SELECT ListingId, Close FROM demo_outputs_bars").fetchall()
    wanted = sorted(file.select("ListingId", "Close").rows(), key=str)
    assert sorted(hive.select("ListingId", "Close").rows(), key=str) == wanted
    assert sorted(delta.select("ListingId", "Close").rows(), key=str) == wanted
    assert sorted(rows, key=str) == sorted(same, key=str) == wanted
    again = beaf(*run)
    assert {each["status"] for each in again.json["receipts"]} == {"unchanged"}


@pytest.mark.shared_data
@pytest.mark.parametrize("demo", ON_REAL_DATA, ids=lambda path: path.stem)
def test_a_demo_runs_on_real_data(beaf: Any, demo: Path, shared_data: Path, tmp_path: Path) -> None:
    real = ["--set", "SOURCE.type=parquet", "--set", f"SOURCE.root={shared_data}/bme_ana"]
    day = ["--date", "2019-05-23", "--universe", "mic=XMAD"]
    found = written(beaf, demo, tmp_path, *real, *day)
    assert {name: frame.columns for name, frame in found.items()} == listed(beaf, demo)
    for frame in found.values():
        assert frame["ListingId"].unique().to_list() == [9100001]
