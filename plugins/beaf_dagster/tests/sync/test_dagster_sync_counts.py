"""Do Dagster's own pages count what a sync has told of, asked as they ask: by GraphQL?"""

from __future__ import annotations

import sys

import dagster as dg
import pytest
from dagster._core.test_utils import in_process_test_workspace
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster_graphql.test.utils import execute_dagster_graphql
from tests.event_logs import definition, partitions

from beaf_dagster.sync.listing import Listing
from beaf_dagster.sync.run import Choices, synchronize
from beaf_dagster.sync.writers.choose import WriterName

_QUERY = """
query Counts($keys: [AssetKeyInput!]) {
  assetNodes(assetKeys: $keys) {
    assetKey { path }
    partitionStats { numMaterialized numPartitions numFailed numMaterializing }
    assetPartitionStatuses {
      ... on MultiPartitionStatuses { ranges { primaryDimStartKey } }
    }
  }
}
"""
_CODE = """
import dagster as dg
from tests.event_logs import definition

defs = dg.Definitions(
    [dg.AssetSpec(["counted", each], partitions_def=definition()) for each in ("a", "b")]
)
"""


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> LoadableTargetOrigin:
    """Code with two assets."""
    file = tmp_path_factory.mktemp("code") / "counted.py"
    file.write_text(_CODE)
    return LoadableTargetOrigin(executable_path=sys.executable, python_file=str(file))


def _counts(instance: dg.DagsterInstance, origin: LoadableTargetOrigin) -> dict[str, int]:
    keys = [{"path": ["counted", each]} for each in ("a", "b")]
    with in_process_test_workspace(instance, origin) as workspace:
        answer = execute_dagster_graphql(workspace, _QUERY, variables={"keys": keys})
    assert answer.data is not None, answer
    found = answer.data["assetNodes"]
    return {
        each["assetKey"]["path"][1]: each["partitionStats"]["numMaterialized"] for each in found
    }


_SLOW = [pytest.param(each, marks=pytest.mark.soak) for each in ("batch", "transaction")]


@pytest.mark.parametrize("writer", ["copy", *_SLOW])
def test_pages_count_what_each_writer_has_told_of(
    postgres_instance: dg.DagsterInstance, origin: LoadableTargetOrigin, writer: str
) -> None:
    def told(a: int, b: int) -> None:
        listings = [
            Listing(
                dg.AssetKey(["counted", name]),
                definition(),
                ("date", "universe"),
                "outputs",
                partitions(count, version=writer),
            )
            for name, count in (("a", a), ("b", b))
        ]
        list(synchronize(postgres_instance, listings, Choices(writer=WriterName(writer)), print))

    told(20, 30)
    before = _counts(postgres_instance, origin)
    assert before["a"] >= 20
    told(120, 130)
    assert _counts(postgres_instance, origin) == {"a": 120, "b": 130}
