"""Does a `defs.yaml` load pipelines, with paths that are relative to it?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
import yaml

from beaf_dagster.component import BeafPipelinesComponent

Load = Callable[..., dg.Definitions]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load a project of `dg` whose one component has these attributes."""
    root = tmp_path / "project"
    package = f"acme_{tmp_path.name}"  # Python imports a package of one name once
    folder = root / "src" / package / "defs" / "tape"
    folder.mkdir(parents=True)
    (root / "pyproject.toml").write_text(
        f'[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "{package}"\n'
    )
    for each in (folder.parent.parent, folder.parent):
        (each / "__init__.py").touch()
    monkeypatch.syspath_prepend(root / "src")

    def loaded(**attributes: object) -> dg.Definitions:
        named = f"{BeafPipelinesComponent.__module__}.{BeafPipelinesComponent.__name__}"
        text = yaml.safe_dump({"type": named, "attributes": attributes})
        (folder / "defs.yaml").write_text(text)
        return dg.load_from_defs_folder(path_within_project=folder)

    return loaded


def test_a_defs_yaml_loads_its_pipelines(load: Load, pipes: Path) -> None:
    definitions = load(pipelines=["../../../../../pipes/two.py"], frequency="M", start="2025-01-01")
    dg.Definitions.validate_loadable(definitions)
    two = definitions.resolve_assets_def(dg.AssetKey(["pipes", "two"])).partitions_def
    assert isinstance(two, dg.MultiPartitionsDefinition)
    dates = two.get_partitions_def_for_dimension("date").get_partition_keys()
    assert list(dates[:2]) == ["2025-01-01", "2025-02-01"]


def test_its_universes_are_selectors(load: Load, pipes: Path) -> None:
    definitions = load(pipelines=[str(pipes)], universes=["mic=XPAR"])
    bars = definitions.resolve_assets_def(dg.AssetKey(["pipes", "bars"])).partitions_def
    assert isinstance(bars, dg.MultiPartitionsDefinition)
    universes = bars.get_partitions_def_for_dimension("universe").get_partition_keys()
    assert list(universes) == ["mic=XLON", "mic=XPAR"]


def test_a_field_that_it_does_not_have_is_told(load: Load, pipes: Path) -> None:
    with pytest.raises(
        Exception, match=r"defs.yaml \(BeafPipelinesComponent\) \(error\)"
    ) as raised:
        load(pipelines=[str(pipes)], split_pases=True)
    assert "split_pases" in str(raised.value.__cause__)
