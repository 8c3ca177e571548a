"""Which bucket and prefix does a target get, and who is asked for them?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.config.conftest import PLUGINS, Desk, entry

from beaf_core import PartitionRun, PluginHost, StorageArea, UsageError, hookimpl
from beaf_core.model.partition import DatePartition, UniversePartition
from beaf_core.plugins.catalog import Catalog

TEMPLATE = "s3://{bucket}/{prefix}/{pass}/{universe}/{start_date}.parquet"
MONDAY = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2026-02-02"))


@dataclass
class Areas:
    """Knows two teams, and who has asked for them."""

    asked: list[str] = field(default_factory=list)

    @hookimpl
    def storage_area(self, area: str) -> StorageArea:
        self.asked.append(area)
        if area == "away":
            raise UsageError("the area is not known here", remedy="set bucket and prefix")
        return StorageArea("acme", f"teams/{area}")


@pytest.fixture
def areas() -> Areas:
    return Areas()


@pytest.fixture
def host(areas: Areas) -> PluginHost:
    named = [entry("area", name, areas) for name in ("rates", "away")]
    return PluginHost(Catalog([*PLUGINS, *named]))


def location(desk: Desk, pipeline: Any) -> str:
    (resolved,) = desk.resolve(pipeline).passes
    return resolved.targets[0].location(MONDAY)


def test_an_area_fills_the_bucket_and_the_prefix(desk: Desk, one_pass: Any, areas: Areas) -> None:
    target = {"area": "rates", "path_template": TEMPLATE}
    (resolved,) = desk.resolve(one_pass({"OUTPUT_TARGET": target})).passes
    where = f"s3://acme/teams/rates/{resolved.name}/mic=XLON/2026-02-02.parquet"
    assert resolved.targets[0].location(MONDAY) == where
    assert set(areas.asked) == {"rates"}


def test_what_is_set_goes_before_the_area(desk: Desk, one_pass: Any) -> None:
    target = {"area": "rates", "path_template": TEMPLATE, "prefix": "mine"}
    assert location(desk, one_pass({"OUTPUT_TARGET": target})).startswith("s3://acme/mine/")


@pytest.mark.parametrize(
    "target",
    [
        {"area": "away", "path_template": TEMPLATE, "bucket": "b", "prefix": "p"},
        {"area": "away", "path_template": "/data/{pass}/{universe}/{start_date}.parquet"},
        {"path_template": TEMPLATE, "bucket": "b", "prefix": "p"},
    ],
)
def test_an_area_is_asked_only_for_what_nobody_has_set(
    desk: Desk, one_pass: Any, areas: Areas, target: dict[str, str]
) -> None:
    found = desk.resolve(one_pass({"OUTPUT_TARGET": target}))
    assert areas.asked == []
    assert len(found.notes) == ("area" in target)


def test_an_area_that_is_not_known_here_is_told_with_its_place_and_remedy(desk: Desk) -> None:
    told = desk.refused_text(
        f"""\
        PASSES: [{{name: bars, modules: [bars]}}]
        OUTPUT_TARGET:
          path_template: {TEMPLATE!r}
          area: away
        """
    )
    assert "p.yaml:4" in told
    assert "the area is not known here" in told
    assert "set bucket and prefix" in told


def test_a_word_that_is_no_area_is_told_with_near_ones_and_what_to_install(
    desk: Desk, one_pass: Any
) -> None:
    def refused(area: str) -> str:
        return str(desk.refused(one_pass({"OUTPUT_TARGET": {"area": area, **where}})))

    where = {"path_template": TEMPLATE}
    assert 'did you mean "rates"?' in refused("rate")
    assert "pip install beaf-bmll" in refused("organisation")
