"""Does a sync agree with the steps that computed a partition, and they with it?"""

from pathlib import Path

import dagster as dg
import pytest
from tests.dagster_project import TWO

from beaf_dagster import build_assets
from beaf_dagster.pipelines import find_pipelines
from beaf_dagster.sync.assets import output_assets
from beaf_dagster.sync.run import Choices, synchronize

KEY = "2025-01-06|mic=XLON"


@pytest.mark.parametrize("split_passes", [False, True])
def test_what_a_step_has_told_of_is_not_told_again(
    pipes: Path, instance: dg.DagsterInstance, split_passes: bool
) -> None:
    assets = [
        each
        for each in build_assets(pipes, split_passes=split_passes)
        if each.keys_by_output_name and "two" in next(iter(each.keys)).path
    ]
    assert dg.materialize(assets, instance=instance, partition_key=KEY).success
    found = output_assets(
        [each for each in find_pipelines(pipes) if each.group == "two"],
        instance,
        split_passes=split_passes,
    )
    listings = [each.listing(None, remember=False) for each in found]
    assert [each.partitions["key"].to_list() for each in listings] == [[KEY]] * len(listings)
    done = list(synchronize(instance, listings, Choices(), print))
    assert [each.written for each in done] == [0] * len(listings)
    assert len(done) == (2 if split_passes else 1)


def test_passes_that_are_written_before_those_they_read_have_one_version_for_both(
    pipes: Path, instance: dg.DagsterInstance
) -> None:
    backwards = TWO + '\nUSER_CONFIG["PASSES"].reverse()\n'
    (pipes / "two.py").write_text(backwards)
    assets = build_assets(pipes / "two.py")
    assert dg.materialize(assets, instance=instance, partition_key=KEY).success
    [found] = output_assets(find_pipelines(pipes / "two.py"), instance, split_passes=False)
    [done] = synchronize(instance, [found.listing(None, remember=False)], Choices(), print)
    assert (done.plan.unchanged, done.written) == (1, 0)
