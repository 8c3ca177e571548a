"""What does a person see of a pipeline that cannot be loaded, and of those beside it?"""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from tests.dagster_runs import failure_of, materialize, told_of

from beaf_core import UsageError
from beaf_dagster import build_assets, build_jobs

DAY = "2025-01-06|mic=XLON"
PASSES = "PASSES: [{name: bars, modules: [trade]}]\n"


def asset(assets: list[dg.AssetsDefinition], *path: str) -> dg.AssetsDefinition:
    """Find the definition of a key."""
    key = dg.AssetKey(path)
    return next(each for each in assets if key in each.keys)


#: File → its text, the place that is to be told, and words that are.
BROKEN = {
    "syntax.py": ("USER_CONFIG = {\n    1 2\n}\n", "syntax.py:2", "SyntaxError"),
    "absent.py": ("import nowhere\nUSER_CONFIG = {}\n", "absent.py:1", "named 'nowhere'"),
    "zero.py": ("USER_CONFIG = {}\nx = 1 / 0\n", "zero.py:2", "ZeroDivisionError"),
    "leaves.py": ("USER_CONFIG = {}\nraise SystemExit(3)\n", "leaves.py:2", "SystemExit"),
    "own.py": ("USER_CONFIG = {}\nclass Own(Exception): ...\nraise Own\n", "own.py:3", "Own"),
    "open.yaml": ("PASSES: [\n", "open.yaml:2", "syntax error"),
    "typo.yaml": ("PASSES: [{name: b, modules: [trad]}]\n", "typo.yaml:1", 'mean "trade"'),
    "launcher.yaml": (f"LAUNCHER: nowhere\n{PASSES}", "launcher.yaml:1", "nowhere"),
    "comma.yaml": (f"UNIVERSE: 'mic=XLON,XPAR'\n{PASSES}", "comma.yaml:1", "comma"),
}


def test_a_broken_pipeline_is_named_with_its_place_and_the_others_load(pipes: Path) -> None:
    for name, (text, _, _) in BROKEN.items():
        (pipes / name).write_text(text)
    assets = build_assets(pipes)
    assert len(assets) == len(BROKEN) + 2
    for name, (_, place, said) in BROKEN.items():
        broken = asset(assets, "pipes", Path(name).stem)
        description = broken.specs_by_key[broken.key].description or ""
        assert "cannot be loaded" in description
        assert place in description
        assert said in description


def test_materializing_a_broken_pipeline_fails_with_the_same_words(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    (pipes / "zero.py").write_text(BROKEN["zero.py"][0])
    [broken] = build_assets(pipes / "zero.py", split_passes=True)
    done = dg.materialize([broken], instance=instance, raise_on_error=False)
    assert "zero.py:2: the pipeline raises ZeroDivisionError" in failure_of(done)
    assert "→ mend the pipeline's file" in failure_of(done)
    assert failure_of(done) in (broken.specs_by_key[broken.key].description or "")
    assert told_of(done) == []


def test_what_stands_beside_a_broken_pipeline_runs(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    (pipes / "bad.py").write_text("USER_CONFIG = 1 / 0\n")
    assets = build_assets(pipes)
    bars = asset(assets, "pipes", "bars")
    assert materialize([bars], instance, DAY).success
    dg.Definitions.validate_loadable(dg.Definitions(assets=assets, jobs=build_jobs(pipes)))


def test_a_pipeline_whose_universes_cannot_be_listed_is_broken_by_itself(pipes: Path) -> None:
    (pipes / "bad.yaml").write_text("SOURCE: {type: parquet, root: nowhere}\n" + PASSES)
    for split in (False, True):
        assets = build_assets(pipes, split_passes=split)
        jobs = build_jobs(pipes, split_passes=split)
        assert len(assets) == 3
        dg.Definitions.validate_loadable(dg.Definitions(assets=assets, jobs=jobs))
        broken = asset(assets, "pipes", "bad", *(["bars"] if split else []))
        assert all("bad.yaml" in (each.description or "") for each in broken.specs)


def test_two_pipelines_of_one_key_are_one_broken_asset_that_names_both(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    (pipes / "one-1.yaml").write_text(PASSES)
    (pipes / "one_1.yaml").write_text(PASSES)
    for split in (False, True):
        assets = build_assets(pipes, split_passes=split)
        jobs = build_jobs(pipes, split_passes=split)
        dg.Definitions.validate_loadable(dg.Definitions(assets=assets, jobs=jobs))
        twins = asset(assets, "pipes", "one_1")
        assert len(assets) == 3
    said = failure_of(dg.materialize([twins], instance=instance, raise_on_error=False))
    assert "2 pipelines have the asset key pipes/one_1" in said
    assert "one-1.yaml" in said
    assert "one_1.yaml" in said
    assert "→ rename one of the files" in said


def test_a_folder_without_pipelines_says_what_to_put_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no pipeline") as raised:
        build_assets(tmp_path)
    assert raised.value.remedy
    assert "USER_CONFIG" in raised.value.remedy
