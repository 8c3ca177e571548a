"""Is a partition old or new, whole, when its database goes down in the middle, or has no room?"""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.outputs.conftest import MakePlace
from tests.outputs.crew import Crew
from tests.outputs.places import version_of
from tests.outputs.standing import shape
from tests.postgres import PostgresServer

from beaf_core import ExitCode

FEW, MANY = 1, 40
HEIGHT = 20_000
#: More than a segment of the server's log, which is made whole.
ROOM = 17 * 2**20


@pytest.mark.parametrize("times", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])
def test_a_server_that_restarts_in_the_middle_leaves_old_or_new_and_a_rerun_heals(
    times: int,
    make_place: MakePlace,
    postgres: PostgresServer,
    crew: Crew,
    journal: Path,
    record_property: Callable[[str, object], None],
) -> None:
    dice, place, seen = random.Random(times), make_place("postgresql"), Counter[str]()
    wishes = {"place": place.to_json(), "journal": str(journal), "height": HEIGHT}
    began = time.perf_counter()
    assert crew.run("write_some", versions=[(0, 1), (1, 1)], **wishes).code == 0
    seconds, version, undisturbed = time.perf_counter() - began, 1, shape(place)
    for _ in range(times):
        writer = crew.start("write_some", versions=[(0, version + 1), (0, version + 2)], **wishes)
        time.sleep(dice.random() * seconds)
        postgres.restart(at_once=dice.random() < 0.7)
        ended = writer.wait(120)
        stands = version_of(place, 0, HEIGHT)
        assert stands in {version, version + 1, version + 2}
        if ended.code == 0:
            assert stands == version + 2, "it says that it has written"
        else:
            assert ended.code == ExitCode.RESOURCES, ended.said
            assert "Traceback" not in ended.said
        seen["got through" if ended.code == 0 else "told"] += 1
        version += 3
        assert crew.run("write_some", versions=[(0, version)], **wishes).code == 0
        assert version_of(place, 0, HEIGHT) == version
        assert version_of(place, 1, HEIGHT) == 1
        assert shape(place) == undisturbed
    record_property(
        "figures",
        f"postgresql: {times} restarts in the middle: {seen['got through']} writes got through, "
        f"{seen['told']} were told; healed {times}; lost 0, doubled 0",
    )


def confine(server: PostgresServer, size: str) -> None:
    """Let no file of a server grow beyond a size; who serves a connection inherits that."""
    program = shutil.which("prlimit")
    if program is None:
        pytest.skip("there is no prlimit here")  # only it limits a server that runs
    assert server.process is not None
    asked = [program, f"--pid={server.process.pid}", f"--fsize={size}:unlimited"]
    subprocess.run(asked, user=server.system_user, check=True)


def test_a_server_without_room_is_told_and_the_old_rows_stay(
    make_place: MakePlace, postgres: PostgresServer, crew: Crew, journal: Path
) -> None:
    place = make_place("postgresql")
    wishes = {"place": place.to_json(), "journal": str(journal)}
    assert crew.run("write_some", versions=[(0, 1), (1, 1)], height=100, **wishes).code == 0
    undisturbed = shape(place)
    confine(postgres, str(ROOM))
    try:
        ended = crew.run("write_some", versions=[(0, 2)], height=250_000, **wishes)
    finally:
        confine(postgres, "unlimited")
    assert ended.code == ExitCode.RESOURCES, ended.said
    assert "Traceback" not in ended.said
    assert [version_of(place, each, 100) for each in (0, 1)] == [1, 1]
    assert crew.run("write_some", versions=[(0, 3)], height=100, **wishes).code == 0
    assert version_of(place, 0, 100) == 3
    assert shape(place) == undisturbed
