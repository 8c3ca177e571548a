"""How long does it take to tell of 10,000 and 100,000 partitions? At most thrice the figure."""

from __future__ import annotations

import sys
import time

import dagster as dg
import pytest
from tests.event_logs import definition, partitions

from beaf_dagster.sync.listing import Listing
from beaf_dagster.sync.run import Choices, synchronize
from beaf_dagster.sync.writers.choose import WriterName

pytestmark = pytest.mark.soak

UNIVERSES = 25
DIMENSIONS = ("date", "universe")
#: Seconds on two quiet cores.
FIGURES = {
    ("sqlite", "transaction", 10_000): 6.0,
    ("sqlite", "transaction", 100_000): 60.0,
    ("postgres", "batch", 10_000): 8.0,
    ("postgres", "copy", 10_000): 1.5,
    ("postgres", "batch", 100_000): 75.0,
    ("postgres", "copy", 100_000): 10.0,
}
UNCHANGED = 3.0


@pytest.mark.parametrize(("storage", "writer", "count"), FIGURES)
def test_many_partitions_are_told_of_in_time(
    request: pytest.FixtureRequest, storage: str, writer: str, count: int
) -> None:
    instance: dg.DagsterInstance = request.getfixturevalue(f"{storage}_instance")
    asset = dg.AssetKey(["speed", f"{storage}-{writer}-{count}"])
    frame = partitions(count, universes=UNIVERSES)
    listing = Listing(asset, definition(UNIVERSES), DIMENSIONS, "outputs", frame)
    choices = Choices(writer=WriterName(writer), count=False)
    took, written = _timed(instance, listing, choices)
    assert written == count
    again, nothing = _timed(instance, listing, choices)
    assert nothing == 0
    sys.stderr.write(f"\n{storage} {writer} {count:,}: {took:.1f} s, again {again:.1f} s\n")
    assert took < 3 * FIGURES[storage, writer, count]
    assert again < 3 * UNCHANGED


def _timed(instance: dg.DagsterInstance, listing: Listing, choices: Choices) -> tuple[float, int]:
    began = time.monotonic()
    [done] = synchronize(instance, [listing], choices, print)
    return time.monotonic() - began, done.written
