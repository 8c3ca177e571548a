"""Do writers at the same time lose nothing, double nothing and mix nothing?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.outputs.crew import Crew, running_crew
from tests.sql_desk import Desk
from tests.sql_writers import ROWS, day_of, finished, started

COUNTS = (
    'SELECT "PartitionKey", count(*), count(DISTINCT "Row"), min("Value"), max("Value"), '
    'min("Day"), max("Day") FROM bars GROUP BY 1'
)


def check_all_there_once(desk: Desk, count: int) -> None:
    found = {row[0]: row[1:] for row in desk.ask(COUNTS)}
    assert len(found) == count
    for number in range(count):
        rows, distinct, least, most, first, last = found[f"mic=XLON:{day_of(number)}"]
        assert (rows, distinct) == (ROWS, ROWS)
        assert (least, first) == (most, last), "the rows of two writers in one partition"
        assert first == number
    receipts = desk.ask("SELECT partition, count(*) FROM beaf_receipts GROUP BY 1")
    assert sorted(receipts) == [(key, 1) for key in sorted(found)]


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    with running_crew(tmp_path_factory.mktemp("crew")) as found:
        yield found


def together(
    crew: Crew, desk: Desk, folder: Path, days: list[tuple[int, int]], *options: str
) -> None:
    go = folder / "go"
    finished(started(crew, desk.url, go, days, *options), go, seconds=400)


def test_writers_of_other_partitions_all_land_once_from_the_first_table_on(
    desk: Desk, crew: Crew, tmp_path: Path
) -> None:
    together(crew, desk, tmp_path, [(0, 3), (4, 7), (8, 11), (12, 15)])
    check_all_there_once(desk, 16)


def test_of_writers_of_one_partition_one_wins_whole(desk: Desk, crew: Crew, tmp_path: Path) -> None:
    together(crew, desk, tmp_path, [(0, 3)] * 3)
    check_all_there_once(desk, 4)


@pytest.mark.soak
def test_eight_writers_of_a_hundred_partitions_each_all_land_once(
    desk: Desk, crew: Crew, tmp_path: Path
) -> None:
    together(crew, desk, tmp_path, [(100 * each, 100 * each + 99) for each in range(8)])
    check_all_there_once(desk, 800)


@pytest.mark.soak
def test_eight_writers_of_the_same_partitions_leave_each_whole(
    desk: Desk, crew: Crew, tmp_path: Path
) -> None:
    together(crew, desk, tmp_path, [(0, 19)] * 8)
    check_all_there_once(desk, 20)


@pytest.mark.soak
@pytest.mark.parametrize("attempt", range(10))
def test_eight_writers_make_one_table(desk: Desk, crew: Crew, tmp_path: Path, attempt: int) -> None:
    together(crew, desk, tmp_path, [(each, each) for each in range(8)])
    check_all_there_once(desk, 8)


@pytest.mark.soak
def test_of_writers_that_replace_the_table_one_is_left(
    desk: Desk, crew: Crew, tmp_path: Path
) -> None:
    together(crew, desk, tmp_path, [(each, each) for each in range(8)], "sql_if_exists=replace")
    [(key, rows, distinct, *_)] = desk.ask(COUNTS)
    assert (rows, distinct) == (ROWS, ROWS)
    assert desk.ask("SELECT partition FROM beaf_receipts") == [(key,)]
