"""Do writers that work at the same time all get through, each partition once and whole?"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.outputs.conftest import MakePlace, sampled
from tests.outputs.crew import Crew, Ended
from tests.outputs.places import (
    PLACES,
    SHARED_PLACES,
    Place,
    read,
    rows,
    version_of,
    write,
)
from tests.outputs.standing import shape

WRITERS = 8
FEW, MANY = 1, 100
HEIGHT = 200


def all_at_once(
    crew: Crew, place: Place, folder: Path, plans: Sequence[Sequence[tuple[int, int]]]
) -> list[Ended]:
    """Let each writer carry out its plan; they begin at the same moment."""
    start = time.time() + 0.3
    writers = [
        crew.start(
            "write_some",
            place=place.to_json(),
            journal=str(folder / f"journal{turn}"),
            versions=list(plan),
            height=HEIGHT,
            start_at=start,
        )
        for turn, plan in enumerate(plans)
    ]
    return [each.wait(600) for each in writers]


@pytest.mark.parametrize("each", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])
# Delta, Hive and PostgreSQL have crowds of their own among the tests of the outputs.
@pytest.mark.parametrize("name", sampled(SHARED_PLACES, "delta", "hive", "postgresql"))
def test_partitions_of_eight_writers_are_all_there_once(
    name: str,
    each: int,
    make_place: MakePlace,
    crew: Crew,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    place = make_place(name)
    plans = [
        [(writer * each + turn, writer + 1) for turn in range(each)] for writer in range(WRITERS)
    ]
    began = time.perf_counter()
    ended = all_at_once(crew, place, tmp_path, plans)
    seconds = time.perf_counter() - began
    assert [one.code for one in ended] == [0] * WRITERS, [one.said for one in ended if one.code]
    numbers = [number for plan in plans for number, _ in plan]
    for plan in plans:
        for number, version in plan:
            assert version_of(place, number, HEIGHT) == version
    everything = read(place, numbers)
    assert everything is not None
    assert everything.height == sum(
        rows(number, version, HEIGHT).height for plan in plans for number, version in plan
    )
    record_property(
        "figures",
        f"{name}: {WRITERS} writers, {each} partitions each, in {seconds:.1f} s: "
        f"{len(numbers)} there, each once",
    )


@pytest.mark.parametrize("name", sampled(PLACES, "delta", "hive", "postgresql"))
def test_of_writers_of_one_partition_one_wins_whole(
    name: str, make_place: MakePlace, crew: Crew, tmp_path: Path
) -> None:
    place, calm = make_place(name), make_place(name)
    assert all_at_once(crew, calm, tmp_path, [[(0, 1), (0, 2)]])[0].code == 0
    plans = [[(0, 10 * writer + turn) for turn in range(1, 4)] for writer in range(1, WRITERS + 1)]
    ended = all_at_once(crew, place, tmp_path, plans)
    assert [one.code for one in ended] == [0] * WRITERS, [one.said for one in ended if one.code]
    last = {plan[-1][1] for plan in plans}
    assert version_of(place, 0, HEIGHT) in last, "the last write of somebody stands"
    assert shape(place) == shape(calm), "something is left over"


def test_a_file_of_duckdb_is_made_opened_and_closed_by_one_writer_at_a_time(
    make_place: MakePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two that make it at once, the later would empty what the other has written."""
    import duckdb

    place, connect, seen = make_place("duckdb"), duckdb.connect, []
    lock = Path(place.root, ".rows.db.lock")

    def is_held() -> bool:
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def watched(database: Path, **more: object) -> duckdb.DuckDBPyConnection:
        if database == Path(place.root, "rows.db") and not more.get("read_only"):
            seen.append(is_held())
        return connect(database, **more)

    monkeypatch.setattr(duckdb, "connect", watched)
    write(place, 0, 1, HEIGHT)
    assert seen
    assert all(seen)
    assert not is_held()
    assert {each.name for each in Path(place.root).iterdir()} == {"rows.db", lock.name}
