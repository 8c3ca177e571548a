"""Which Python values count as configuration, and as what?"""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import numpy as np
import pytest

from beaf_core import AnalyticsConfig, BatchFrequency, PassConfig
from beaf_core.config.errors import Place
from beaf_core.config.nodes import from_plain, is_plain

HERE = Place("here", "/folder")


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (date(2026, 2, 1), "2026-02-01"),
        (datetime(2026, 2, 1), "2026-02-01"),
        (datetime(2026, 2, 1, 9, 30, tzinfo=UTC), "2026-02-01T09:30:00+00:00"),
        (Path("/a/b"), "/a/b"),
        (PurePosixPath("c"), "c"),
        (Colour.RED, "red"),
        (BatchFrequency.WEEK, "W"),
        ((1, 2), [1, 2]),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset("ba"), ["a", "b"]),
        (MappingProxyType({"a": {1: True}}), {"a": {"1": True}}),
        (np.int64(5), 5),
        (np.float32(0.5), 0.5),
        (PassConfig(name="p", modules=["m"]), {"name": "p", "modules": ["m"]}),
    ],
)
def test_values_of_python_become_those_of_a_file(given: object, value: object) -> None:
    found = from_plain(given, HERE).plain()
    assert found == value
    assert type(found) is type(value)


def test_a_configuration_gives_only_what_was_set() -> None:
    config = AnalyticsConfig(DATASETNAME="d", BATCH_FREQ=BatchFrequency.MONTH)
    assert from_plain(config, HERE).plain() == {"DATASETNAME": "d", "BATCH_FREQ": "M"}


def test_what_is_no_data_stays_to_be_told_of() -> None:
    value = from_plain({"a": print, "b": AnalyticsConfig}, HERE).plain()
    assert value == {"a": print, "b": AnalyticsConfig}
    assert not any(is_plain(each) for each in value.values())
