"""Do the private names behind materializations still mean what we take them for?"""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from beaf_dagster import private


def test_tags_of_versions_are_spelt_as_they_are_stored() -> None:
    assert private.CODE_VERSION_TAG == "dagster/code_version"
    assert private.DATA_VERSION_TAG == "dagster/data_version"
    assert private.DATA_VERSION_IS_USER_PROVIDED_TAG == "dagster/data_version_is_user_provided"
    key = dg.AssetKey(["a", "b"])
    assert private.get_input_data_version_tag(key) == "dagster/input_data_version/a/b"
    assert private.get_input_event_pointer_tag(key) == "dagster/input_event_pointer/a/b"


def test_a_key_of_two_dimensions_has_a_tag_for_each() -> None:
    key = dg.MultiPartitionKey({"universe": "mic=XLON", "date": "2025-01-06"})
    assert private.get_tags_from_multi_partition_key(key) == {
        "dagster/partition/universe": "mic=XLON",
        "dagster/partition/date": "2025-01-06",
    }


def test_an_output_can_say_that_its_partitions_are_told_of_already(
    instance: dg.DagsterInstance,
) -> None:
    said = {private.SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}

    @dg.multi_asset(specs=[dg.AssetSpec("quiet"), dg.AssetSpec("loud")])
    def both() -> Iterator[dg.MaterializeResult[None]]:
        yield dg.MaterializeResult(asset_key="quiet", metadata=said)
        yield dg.MaterializeResult(asset_key="loud")

    done = dg.materialize([both], instance=instance)
    assert [each.asset_key.path for each in done.get_asset_materialization_events()] == [["loud"]]
