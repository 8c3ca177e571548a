"""Do assets load without a resource, and with one that people give?

The two blocks of definitions that every guide begins with must both work.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from dagster.components.testing.utils import component_defs
from tests.dagster_io import GRID, LONDON, bars, computed

from beaf_core import BeafError, UsageError
from beaf_dagster import OutputTargetIOManager, output_target_io_manager, with_default_io
from beaf_dagster.io.names import IO_MANAGER_KEY, io_manager_key, io_metadata
from beaf_dagster.pipelines import load_pipeline

USER_CONFIG = {"DATASETNAME": "mine"}
GIVEN = output_target_io_manager.configured(
    {"base_config": USER_CONFIG, "output_target": {"type": "delta"}}
)


@pytest.fixture
def split(pipes: Path) -> dg.AssetsDefinition:
    """The passes of a pipeline, computed in one step."""
    return computed(pipes / "two.py", split=True)


def own_asset() -> dg.AssetsDefinition:
    """An asset of a person's own, that returns a frame."""

    @dg.asset(partitions_def=GRID, io_manager_key=IO_MANAGER_KEY)
    def mids() -> pl.DataFrame:
        return bars(1.0)

    return mids


def resource_of(defs: dg.Definitions, key: dg.AssetKey) -> dg.ResourceDefinition:
    """Return the IO manager that an asset is loaded with."""
    return defs.get_repository_def().assets_defs_by_key[key].resource_defs[IO_MANAGER_KEY]


def test_bare_definitions_load_with_the_default(split: dg.AssetsDefinition) -> None:
    defs = dg.Definitions(assets=[split])
    dg.Definitions.validate_loadable(defs)
    for key in split.keys:
        assert resource_of(defs, key) is output_target_io_manager


def test_a_given_resource_takes_the_place_of_the_default(split: dg.AssetsDefinition) -> None:
    defs = dg.Definitions(assets=[split], resources={IO_MANAGER_KEY: GIVEN})
    dg.Definitions.validate_loadable(defs)
    for key in split.keys:
        assert resource_of(defs, key) is GIVEN


@pytest.mark.filterwarnings("ignore:Asset job __ephemeral")  # of a policy for backfills
def test_both_kinds_of_assets_are_in_one_run(
    split: dg.AssetsDefinition, instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    resources = {IO_MANAGER_KEY: GIVEN}
    dg.materialize(
        [split, own_asset()], partition_key=LONDON, resources=resources, instance=instance
    )
    assert (tmp_path / "data/mine/mids.delta/_delta_log").is_dir()
    assert (tmp_path / "data/tiny_two/hours/mic=XLON").is_dir()


def test_a_configurable_resource_takes_its_place_too(split: dg.AssetsDefinition) -> None:
    manager = OutputTargetIOManager(base_config=USER_CONFIG)
    defs = dg.Definitions(assets=[split], resources={IO_MANAGER_KEY: manager})
    assert resource_of(defs, dg.AssetKey(["pipes", "two", "bars"])) is not output_target_io_manager


@pytest.mark.parametrize(
    "copied",
    [
        lambda each: each.with_attributes(
            asset_key_replacements={key: key.with_prefix("x") for key in each.keys}
        ),
        lambda each: each.map_asset_specs(lambda spec: spec.merge_attributes(metadata={"a": 1})),
        lambda each: each.map_asset_specs(lambda spec: spec.merge_attributes(deps=["raw"])),
        lambda each: each.subset_for({dg.AssetKey(["pipes", "two", "bars"])}, None),
        lambda each: each.with_hooks(set()),
        lambda each: dg.with_resources([each], {"other": dg.ResourceDefinition.none_resource()})[0],
    ],
    ids=["attributes", "specs", "deps", "subset", "hooks", "resources"],
)
def test_copies_that_dagster_makes_still_give_way(copied: Any, split: dg.AssetsDefinition) -> None:
    made = copied(split)
    defs = dg.Definitions(assets=[made], resources={IO_MANAGER_KEY: GIVEN})
    for key in made.keys:
        assert resource_of(defs, key) is GIVEN
    assert resource_of(dg.Definitions(assets=[made]), key) is output_target_io_manager


@pytest.mark.filterwarnings("ignore::dagster.PreviewWarning")
def test_merged_and_mapped_definitions_keep_the_default_and_the_given(
    split: dg.AssetsDefinition,
) -> None:
    plain = dg.Definitions(assets=[split])
    mapped = plain.map_asset_specs(func=lambda spec: spec.replace_attributes(group_name="g"))
    key = dg.AssetKey(["pipes", "two", "bars"])
    assert resource_of(mapped, key) is output_target_io_manager
    given = dg.Definitions(resources={IO_MANAGER_KEY: GIVEN})
    assert resource_of(dg.Definitions.merge(mapped, given), key) is GIVEN
    other = dg.Definitions(assets=[own_asset()], resources={IO_MANAGER_KEY: GIVEN})
    assert resource_of(dg.Definitions.merge(mapped, other), key) is GIVEN


class _Bars(dg.Component):
    """A component, as `dg` loads them."""

    def __init__(self, assets: dg.AssetsDefinition) -> None:
        self.assets = assets

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        return dg.Definitions(assets=[self.assets])


def test_a_component_brings_the_default_along(split: dg.AssetsDefinition) -> None:
    key = dg.AssetKey(["pipes", "two", "bars"])
    bare = component_defs(component=_Bars(split))
    assert resource_of(bare, key) is output_target_io_manager
    given = component_defs(component=_Bars(split), resources={IO_MANAGER_KEY: GIVEN})
    assert resource_of(given, key) is GIVEN


def test_nothing_of_an_asset_but_its_resource_changes() -> None:
    @dg.multi_asset(
        specs=[dg.AssetSpec("a").with_io_manager_key(IO_MANAGER_KEY), dg.AssetSpec("b")],
        check_specs=[dg.AssetCheckSpec("fine", asset="a", blocking=True)],
        can_subset=True,
        pool="bmll",
    )
    def made():
        yield dg.MaterializeResult("a")

    bound = with_default_io(made)
    before, after = made.get_attributes_dict(), bound.get_attributes_dict()
    assert set(after.pop("resource_defs")) == {IO_MANAGER_KEY}
    before.pop("resource_defs")
    assert {name: repr(each) for name, each in before.items()} == {
        name: repr(each) for name, each in after.items()
    }
    assert bound.can_subset
    assert bound.op.pool == "bmll"


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
def test_a_backfill_policy_stays() -> None:
    policy = dg.BackfillPolicy.multi_run(3)

    @dg.asset(partitions_def=GRID, backfill_policy=policy, io_manager_key=IO_MANAGER_KEY)
    def mids() -> None: ...

    assert with_default_io(mids).backfill_policy == policy


# -- other managers --------------------------------------------------------------------------------


def test_another_io_manager_is_used_where_the_pipeline_names_one(pipes: Path) -> None:
    path = pipes / "bars.yaml"
    assert io_manager_key(load_pipeline(path)) == IO_MANAGER_KEY
    path.write_text(path.read_text() + "OUTPUT_TARGET: {io_manager_key: lake}\n")
    assert io_manager_key(load_pipeline(path), "bars") == "lake"
    path.write_text(
        path.read_text().replace("[trade]", "[trade], output: {io_manager_key: of_bars}")
    )
    assert io_manager_key(load_pipeline(path), "bars") == "of_bars"
    assert io_manager_key(load_pipeline(path)) == "lake"


def test_one_that_nobody_gives_is_named_by_dagster() -> None:
    @dg.asset(io_manager_key="lake")
    def mids() -> int:
        return 1

    bound = with_default_io(mids)
    assert bound is mids
    with pytest.raises(
        dg.DagsterInvalidDefinitionError, match="io manager with key 'lake' required"
    ):
        dg.Definitions.validate_loadable(dg.Definitions(assets=[bound]))


# -- what people write wrongly ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"output_target": {"type": "parqet"}},
            'no output is called "parqet" — did you mean "parq',
        ),
        (
            {"output_target": {"type": "delta", "delta_mod": "append"}},
            'unknown key "delta_mod" — did you mean "delta_mode"',
        ),
        (
            {"base_config": {"DATASETNAM": "x"}},
            'unknown key "DATASETNAM" — did you mean "DATASETNA',
        ),
        (
            {"output_target": "delta"},
            r'output_target is "delta", not a mapping\n.*{"type": "delta"}',
        ),
        (
            {"output_target": {"type": "sql", "sql_connection": "sqlite:///${env:NOWHERE}"}},
            "the environment variable NOWHERE is not set",
        ),
    ],
)
def test_a_wrong_configuration_is_told_before_anything_is_computed(
    config: dict[str, Any], message: str, instance: dg.DagsterInstance
) -> None:
    computed: list[int] = []

    @dg.asset(io_manager_key=IO_MANAGER_KEY)
    def mids() -> int:
        computed.append(1)
        return 1

    resources = {IO_MANAGER_KEY: output_target_io_manager.configured(config)}
    with pytest.raises(dg.DagsterError) as error:
        dg.materialize([mids], resources=resources, instance=instance)
    assert isinstance(error.value.__cause__, BeafError)
    assert re.search(message, str(error.value.__cause__))
    assert not computed


def test_an_option_that_is_not_there_is_told() -> None:
    defs = dg.Definitions(
        assets=[own_asset()],
        resources={IO_MANAGER_KEY: output_target_io_manager.configured({"mising": "empty"})},
    )
    with pytest.raises(dg.DagsterInvalidConfigError, match='unexpected config entry "mising"'):
        defs.resolve_implicit_global_asset_job_def().execute_in_process(partition_key=LONDON)


# -- secrets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "config",
    [
        {"output_target": {"type": "sql", "sql_connection": "postgresql://me:hunter2@db/x"}},
        {"base_config": {"S3_STORAGE_OPTIONS": {"aws_secret_access_key": "hunter2"}}},
        {"base_config": {"PASSES": [{"output": {"sql_connection": "duckdb://a:hunter2@h"}}]}},
    ],
)
def test_a_configurable_resource_refuses_secrets_since_dagster_shows_it(
    config: dict[str, Any],
) -> None:
    with pytest.raises(
        UsageError, match=r"holds a secret in plain text.*\n.*write \$\{env:NAME\}"
    ) as error:
        OutputTargetIOManager(**config)
    assert "hunter2" not in str(error.value)


def test_metadata_of_a_pipeline_is_what_finds_its_rows(pipes: Path) -> None:
    pipeline = load_pipeline(pipes / "bars.yaml")
    assert io_metadata(pipeline, "bars", universe_dim="venue") == {
        "beaf/pipeline": str(pipes / "bars.yaml"),
        "beaf/pass": "bars",
        "beaf/universe_dim": "venue",
        "beaf/date_dim": "date",
    }
