"""Does OUTPUT_TARGET.area become a bucket and a prefix in the Lab, and a remedy elsewhere?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from beaf_bmll.testing import lab as stand_in
from beaf_core import BeafError, PluginHost, StorageArea, UsageError, prepare_pipeline
from beaf_core.testing import check_area

TEMPLATE = "s3://{bucket}/{prefix}/data/{datasetname}/{pass}/{universe}/{start_date}.parquet"


def pipeline(**target: str) -> dict[str, Any]:
    return {
        "DATASETNAME": "nightly",
        "PASSES": [{"name": "bars", "modules": ["trade"]}],
        "OUTPUT_TARGET": {"area": "user", "path_template": TEMPLATE, **target},
    }


@pytest.fixture
def in_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(stand_in.ROOT, str(tmp_path))
    monkeypatch.syspath_prepend(stand_in.LAB_SITE)


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bmll2", raising=False)


@pytest.mark.usefixtures("in_lab")
@pytest.mark.parametrize("area", ["user", "organisation"])
def test_both_areas_keep_the_contract_of_areas(area: str) -> None:
    check_area(area)
    wanted = stand_in.storage_paths()[area]
    assert PluginHost().storage_area(area) == StorageArea(**wanted)


@pytest.mark.usefixtures("in_lab")
def test_slashes_around_a_prefix_are_no_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import bmll2

    paths = {"user": {"bucket": "b", "prefix": "/u/1/"}}
    monkeypatch.setattr(bmll2, "storage_paths", lambda: paths)
    assert PluginHost().storage_area("user") == StorageArea("b", "u/1")
    with pytest.raises(UsageError, match="no area organisation; it has user"):
        PluginHost().storage_area("organisation")


@pytest.mark.usefixtures("in_lab")
def test_an_output_goes_to_the_bucket_of_its_area() -> None:
    (found,) = prepare_pipeline(pipeline()).resolved.passes
    target = found.targets[0]
    assert dict(target.placeholders) == {"bucket": "emulated-user", "prefix": "user-files"}


@pytest.mark.usefixtures("in_lab")
def test_what_bmll2_raises_is_told_by_its_kind_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import bmll2

    def fails() -> None:
        raise RuntimeError("token=abc")

    monkeypatch.setattr(bmll2, "storage_paths", fails)
    with pytest.raises(BeafError, match="does not tell its storage areas: RuntimeError") as caught:
        PluginHost().storage_area("user")
    assert "token" not in str(caught.value)


@pytest.mark.usefixtures("away")
def test_away_from_the_lab_bucket_and_prefix_are_asked_for() -> None:
    with pytest.raises(BeafError) as caught:
        prepare_pipeline(pipeline())
    assert "this machine does not have" in str(caught.value)
    assert "set bucket and prefix in OUTPUT_TARGET" in str(caught.value)


@pytest.mark.usefixtures("away")
def test_away_from_the_lab_what_is_set_is_enough() -> None:
    (found,) = prepare_pipeline(pipeline(bucket="mine", prefix="p")).resolved.passes
    assert dict(found.targets[0].placeholders) == {"bucket": "mine", "prefix": "p"}
