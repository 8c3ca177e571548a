"""Does a write to S3 get through a server that fails for a while, and end in words where it stays?

A real S3 server, and one in front of it that fails as told, at any request of a write.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.outputs.places import ON_S3, Place, files_place, version_of, write
from tests.outputs.standing import shape
from tests.s3 import S3Server
from tests.s3_faults import Faults, running_faults

from beaf_core import ExitCode, ResourceError

#: What a server does that passes by itself.
PASSING = ("500", "503", "429", "reset", "early", "lost", "cut", "slow")
#: Hive writes files as parquet does, and only more of them: its turn is in the soak.
SAMPLED = ("parquet-s3", pytest.param("hive-s3", marks=pytest.mark.soak), "delta-s3")
#: Those that the client of Delta meets in the suite; the others are much like them.
FEW_PASSING = ("503", "reset", "lost", "slow")
HEIGHT = 300
#: A write gives up within so many seconds.
PATIENCE = 60.0
HUNG_PATIENCE = 200.0


def place_of(name: str, folder: Path, s3: S3Server, faults: Faults | None = None) -> Place:
    options = faults.options(s3) if faults else s3.storage_options()
    return files_place(name, f"s3://matrix/{folder.name}", options)


def requests_of(name: str, folder: Path, s3: S3Server) -> int:
    """Count the requests that replacing a partition takes."""
    with running_faults(s3) as faults:
        place = place_of(name, folder, s3, faults)
        write(place, 0, 1, HEIGHT)
        faults.seen.clear()
        write(place, 0, 2, HEIGHT)
        return len(faults.seen)


def passes(name: str, folder: Path, s3: S3Server, fault: str, at: int, times: int) -> str | None:
    """Let a fault befall a write, some times from some request on; say what is wrong then."""
    healthy = place_of(name, folder, s3)
    write(healthy, 0, 1, HEIGHT)
    write(healthy, 1, 1, HEIGHT)
    with running_faults(s3) as faults:
        faults.answers[:] = [""] * at + [fault] * times
        receipt = write(place_of(name, folder, s3, faults), 0, 2, HEIGHT)
        met = not faults.answers
    stands = [version_of(healthy, each, HEIGHT) for each in (0, 1)]
    if stands != [2, 1]:
        return f"{fault} at request {at}: versions {stands} stand"
    counted = sum(count for note, count in receipt.notes.items() if "repeated" in note)
    # What the client of Delta's own library repeats, nobody hears of.
    is_heard = fault not in {"slow", "cut"} and name != "delta-s3"
    if met and is_heard and counted < times:
        return f"{fault} at request {at}: {times} faults, and the notes are {receipt.notes}"
    return None


def stays(name: str, folder: Path, s3: S3Server, fault: str, at: int) -> str | None:
    """Let a fault stay from some request of a write on; say what is wrong then."""
    healthy = place_of(name, folder, s3)
    write(healthy, 0, 1, HEIGHT)
    write(healthy, 1, 1, HEIGHT)
    undisturbed = shape(healthy)
    began = time.monotonic()
    with running_faults(s3) as faults:
        faults.answers[:], faults.always = [""] * at, fault
        try:
            write(place_of(name, folder, s3, faults), 0, 2, HEIGHT)
            told: ResourceError | None = None
        except ResourceError as error:
            told = error
    seconds = time.monotonic() - began
    stands = [version_of(healthy, each, HEIGHT) for each in (0, 1)]
    case = f"{fault} for ever from request {at}"
    if told is None and stands != [2, 1]:
        return f"{case}: nothing is told, and versions {stands} stand"
    if told is not None and (stands not in ([1, 1], [2, 1]) or told.exit_code != 5):
        return f"{case}: versions {stands} stand"
    if told is not None and (not told.remedy or "s3://matrix" not in told.message):
        return f"{case}: the error names no place or no remedy: {told}"
    if seconds > (HUNG_PATIENCE if fault == "hung" else PATIENCE):
        return f"{case}: it took {seconds:.0f} s"
    write(healthy, 0, 3, HEIGHT)
    stands = [version_of(healthy, each, HEIGHT) for each in (0, 1)]
    if stands != [3, 1]:
        return f"{case}: after a rerun versions {stands} stand"
    left = shape(healthy)
    return None if left == undisturbed else f"{case}: left over: {left}, not {undisturbed}"


def all_of(cases: Sequence[Callable[[], str | None]]) -> list[str]:
    """Try cases side by side, since most of their time is waiting."""
    with ThreadPoolExecutor(8) as pool:
        return [wrong for wrong in pool.map(lambda case: case(), cases) if wrong]


def passing(name: str, thorough: bool) -> tuple[str, ...]:
    """Name the faults that pass, for a test of a place."""
    return PASSING if thorough or name != "delta-s3" else FEW_PASSING


@pytest.fixture
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    return lambda: tmp_path_factory.mktemp("faults")


@pytest.mark.parametrize("thorough", [False, pytest.param(True, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", SAMPLED)
def test_a_write_gets_through_faults_that_pass_and_counts_them(
    name: str,
    thorough: bool,
    folders: Callable[[], Path],
    s3: S3Server,
    record_property: Callable[[str, object], None],
) -> None:
    count, dice = requests_of(name, folders(), s3), random.Random(name)
    chosen = [
        (fault, at)
        for fault in passing(name, thorough)
        for at in (range(count) if thorough else [dice.randrange(count)])
    ]
    wrong = all_of(
        [
            lambda fault=fault, at=at: passes(name, folders(), s3, fault, at, 2)
            for fault, at in chosen
        ]
    )
    assert not wrong, "\n".join(wrong)
    faults = ", ".join(passing(name, thorough))
    record_property(
        "figures",
        f"{name}: {len(chosen)} writes met two faults each ({faults}) at some of "
        f"{count} requests: all got through",
    )


@pytest.mark.parametrize("thorough", [False, pytest.param(True, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", SAMPLED)
def test_a_write_that_meets_a_lasting_fault_ends_in_words_and_a_rerun_heals(
    name: str,
    thorough: bool,
    folders: Callable[[], Path],
    s3: S3Server,
    record_property: Callable[[str, object], None],
) -> None:
    count, dice = requests_of(name, folders(), s3), random.Random(name)
    faults = [*passing(name, thorough), "403", *(["hung"] if thorough else [])]
    chosen = [
        (fault, at)
        for fault in faults
        for at in (range(count) if thorough else [dice.randrange(count)])
    ]
    wrong = all_of(
        [lambda fault=fault, at=at: stays(name, folders(), s3, fault, at) for fault, at in chosen]
    )
    assert not wrong, "\n".join(wrong)
    record_property(
        "figures",
        f"{name}: {len(chosen)} writes met a fault for ever ({', '.join(faults)}) from some of "
        f"{count} requests on: old or new whole, told, healed",
    )


@pytest.mark.parametrize("name", ON_S3)
def test_reading_gets_through_faults_that_pass(
    name: str, folders: Callable[[], Path], s3: S3Server
) -> None:
    folder = folders()
    write(place_of(name, folder, s3), 0, 1, HEIGHT)

    def reads(fault: str) -> str | None:
        with running_faults(s3) as faults:
            faults.answers[:] = [fault] * 2
            stands = version_of(place_of(name, folder, s3, faults), 0, HEIGHT)
            return None if stands == 1 else f"{fault}: {stands}"

    wrong = all_of([lambda fault=fault: reads(fault) for fault in PASSING])
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ON_S3)
def test_a_wrong_key_is_told_at_once_and_not_repeated(
    name: str, folders: Callable[[], Path], s3: S3Server
) -> None:
    options = s3.storage_options(secret_key="wrong-secret-of-mine")
    place = files_place(name, f"s3://matrix/{folders().name}", options)
    began = time.monotonic()
    with pytest.raises(ResourceError) as caught:
        write(place, 0, 1, HEIGHT)
    assert time.monotonic() - began < 10
    assert caught.value.exit_code == ExitCode.RESOURCES
    assert "wrong-secret-of-mine" not in str(caught.value)
