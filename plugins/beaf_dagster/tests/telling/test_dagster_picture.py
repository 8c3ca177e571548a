"""Does the picture of a materialization show what the rows say, and never stand in a run's way?"""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_core import DatePartition, PartitionRun, UniversePartition, run_partition
from beaf_dagster.assets.telling import limits, materialization_metadata, trend
from beaf_dagster.assets.telling.svg import Panel, draw, markdown
from beaf_dagster.pipelines import load_pipeline

NINE = datetime(2025, 1, 6, 9)
NUMBERS = st.one_of(st.none(), st.floats(-1e15, 1e15))


def rows(*given: tuple[int, int, float | None, float | None, float]) -> pl.DataFrame:
    """Make rows of (listing, minute, level, amount, weight)."""
    names = ["ListingId", "minute", "level", "amount", "weight"]
    kinds = {"level": pl.Float64, "amount": pl.Float64}
    frame = pl.DataFrame(given, schema=names, orient="row", schema_overrides=kinds)
    time = pl.lit(NINE) + pl.duration(minutes=pl.col("minute"))
    return frame.with_columns(time.alias("TimeBucket")).drop("minute")


def drawing(markdown: str) -> str:
    found = re.fullmatch(r"!\[[^\]]+\]\(data:image/svg\+xml;base64,([\w+/=]+)\)", markdown)
    assert found is not None, markdown[:80]
    return base64.b64decode(found[1]).decode()


# -- what is drawn -----------------------------------------------------------------------------


def test_listings_are_put_together_as_their_measures_are() -> None:
    # 10 × 1 and 20 × 3 weigh 17.5; the sum of amounts is 5; a level that is absent weighs nothing.
    made = trend.over_time(
        rows((1, 1, 10, 2, 1), (2, 1, 20, 3, 3), (1, 2, None, None, 5), (2, 2, 8, None, 2)), False
    )
    assert made["level"].to_list() == [17.5, 8.0]
    assert made["amount"].to_list() == [5.0, None]


def test_prices_of_several_listings_are_told_as_change_since_the_first_of_each() -> None:
    # Listing 1 goes from 10 to 11 (+10 %), listing 2 begins later, at 200, and stays: 0 %.
    made = trend.over_time(
        rows((1, 2, 11, 1, 1), (1, 1, 10, 1, 1), (2, 1, None, 1, 1), (2, 2, 200, 1, 1)), True
    )
    assert made["level"].to_list() == pytest.approx([0.0, 5.0])


def test_levels_without_any_weight_are_averaged() -> None:
    made = trend.over_time(rows((1, 1, 10, 0, 0), (2, 1, 20, 0, 0)), False)
    assert made["level"].to_list() == [15.0]


def test_a_partition_is_drawn_with_its_close_and_its_volume(pipes: Path) -> None:
    bars = load_pipeline(pipes / "bars.yaml")
    monday = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06"))
    report = run_partition(bars.path, None, monday)
    told = str(materialization_metadata(bars, None, [report])["picture"].value)
    svg = drawing(told)
    texts = [str(each.text) for each in ElementTree.fromstring(svg).iter() if each.text]
    # By the market's docstring: the bar of 09:01 has 1000 + 50 shares, the greatest sum of all.
    assert "Volume, shares, sum of 2 listings" in texts
    assert "1050" in texts
    assert any(
        each.endswith("change since the first bucket, %, mean of 2 listings") for each in texts
    )
    assert texts[-2:] == ["2025-01-06 09:01", "09:05"]
    without = materialization_metadata(bars, None, [report], picture=False)
    assert "picture" not in without


@pytest.mark.parametrize("fault", ["_drawn", "markdown"])
def test_a_picture_that_fails_is_a_note(
    pipes: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    def fails(*_: object) -> str:
        raise ArithmeticError("ink is out")

    monkeypatch.setattr(trend, fault, fails)
    bars = load_pipeline(pipes / "bars.yaml")
    monday = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06"))
    told = materialization_metadata(bars, None, [run_partition(bars.path, None, monday)])
    assert "picture" not in told
    assert "no picture: ArithmeticError: ink is out" in str(told["notes"].value)
    assert told["dagster/partition_row_count"].value == 4


def test_very_many_rows_are_not_read_for_a_picture(
    pipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trend, "MOST_ROWS", 3)
    bars = load_pipeline(pipes / "bars.yaml")
    monday = PartitionRun(UniversePartition("mic", "XLON"), DatePartition("2025-01-06"))
    told = materialization_metadata(bars, None, [run_partition(bars.path, None, monday)])
    assert "no picture: more than 3 rows" in str(told["notes"].value)


# -- how it is drawn ---------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=trend.POINTS),
    step=st.sampled_from([timedelta(minutes=1), timedelta(hours=7), timedelta(0)]),
    title=st.text(max_size=60),
)
def test_any_numbers_are_a_picture_that_is_small_and_whole(
    values: list[tuple[float | None, float | None]], step: timedelta, title: str
) -> None:
    title = "".join(each for each in title if each.isprintable())
    panels = [Panel(f"{title}.", [a for a, _ in values]), Panel("B", [b for _, b in values], True)]
    moments = [NINE + n * step for n in range(len(values))]
    made = markdown(panels, moments)
    if not any(a is not None or b is not None for a, b in values):
        assert made == ""
        return
    assert limits.size_of(made) <= limits.PICTURE
    svg = ElementTree.fromstring(drawing(made))
    numbers = re.findall(r"[-\d.]+", " ".join(each.get("d", "") for each in svg.iter()))
    assert all(-1 <= float(each) <= 560 for each in numbers)


def test_a_line_stands_where_its_values_are() -> None:
    at = [NINE, NINE + timedelta(minutes=30), NINE + timedelta(hours=1)]
    svg = draw([Panel("P", [0.0, 5.0, 10.0])], at)
    # Greatest at the top (16), least at the bottom (96), the middle halfway; time from 76 to 548.
    assert 'd="M76 96.0 312 56.0 548 16.0h0"' in svg


def test_nights_take_no_room() -> None:
    at = [NINE, NINE + timedelta(minutes=1), NINE + timedelta(days=3)]
    assert 'd="M76 96.0 312 56.0 548 16.0h0"' in draw([Panel("P", [0.0, 5.0, 10.0])], at)


def test_what_could_be_markup_is_text() -> None:
    made = markdown([Panel("<script>] & co", [1.0])], [NINE])
    assert "<script>) & co" in made
    assert "&lt;script&gt;] &amp; co" in drawing(made)
