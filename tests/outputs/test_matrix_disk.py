"""Is a disk that fills up told in one sentence, with the old partition whole, and a rerun fine?"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.outputs.conftest import MakePlace, sampled
from tests.outputs.crew import Crew, Ended
from tests.outputs.places import LOCAL, Place, local_place, version_of
from tests.outputs.standing import largest, shape

from beaf_core import ExitCode

NUMBERS = (0, 1)
#: Shares of the largest file that a disk has room for.
SHARES = (0.0, 0.3, 0.6, 0.9)


def written(
    crew: Crew, place: Place, journal: Path, version: int, limit: int | None = None
) -> Ended:
    versions = [(number, version) for number in NUMBERS]
    return crew.run(
        "write_some",
        place=place.to_json(),
        journal=str(journal),
        versions=versions if limit is None else versions[:1],
        limit=limit,
    )


# Hive has disks that fill up of its own among the tests of the outputs.
@pytest.mark.parametrize("name", sampled(LOCAL, "hive"))
def test_a_disk_that_fills_up_leaves_the_old_partition_and_a_rerun_heals(
    name: str, make_place: MakePlace, crew: Crew, journal: Path
) -> None:
    place = make_place(name)
    for version in (1, 2):
        assert written(crew, place, journal, version).code == 0
    undisturbed, room = shape(place), largest(place)
    refused = 0
    for share in SHARES:
        ended = written(crew, place, journal, 3, limit=max(300, int(room * share)))
        stands = version_of(place, NUMBERS[0])
        if ended.code == 0:
            assert stands == 3
            continue
        refused += 1
        assert ended.code == ExitCode.RESOURCES, ended.said
        assert stands == 2
        assert "Traceback" not in ended.said
        assert "→" in ended.said, "a remedy is told"
        assert version_of(place, NUMBERS[1]) == 2
    assert refused, "no share was too small"
    assert written(crew, place, journal, 4).code == 0
    assert [version_of(place, each) for each in NUMBERS] == [4, 4]
    assert shape(place) == undisturbed, "something is left over"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of a few hundred kilobytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        # Only root may mount one; the limit on the size of files is tried everywhere.
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("name", LOCAL)
def test_a_full_file_system_is_told_and_heals_once_there_is_room(
    name: str, small_disk: Path, crew: Crew, journal: Path
) -> None:
    place = local_place(name, small_disk / "place")
    (small_disk / "place").mkdir()
    wishes = {"place": place.to_json(), "journal": str(journal)}
    ended = crew.run("write_some", versions=[(0, 1)], height=100, **wishes)
    assert ended.code == 0, ended.said
    ended = crew.run("write_some", versions=[(0, 2)], height=200_000, **wishes)
    assert ended.code == ExitCode.RESOURCES, ended.said
    assert "Traceback" not in ended.said
    assert version_of(place, 0, height=100) == 1
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    ended = crew.run("write_some", versions=[(0, 3)], height=100, **wishes)
    assert ended.code == 0, ended.said
    assert version_of(place, 0, height=100) == 3
