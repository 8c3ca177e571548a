"""Is every partition whole, old or new, wherever a writer is killed, and does a rerun heal?

A writer dies before a step of the output's own code, in every state that its steps leave the disk
in; in the middle of a file, at any of its bytes; and at any moment. After each death every
partition is read through the public host; then what was begun is written again, as the next run
would.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.outputs.conftest import MakePlace, sampled
from tests.outputs.crew import Crew
from tests.outputs.places import PLACES, Place, version_of
from tests.outputs.standing import largest, shape
from tests.outputs.tasks import Step

NUMBERS = (0, 1, 2)
WRITES = 3
FEW, MANY = 3, 200


@dataclass
class Market:
    """A place under test, and what has to stand there.

    Attributes:
        place: the place.
        crew: whose members write.
        journal: where they say what they did.
        stands: partition → version.
        newest: the last version that was given to a writer.
        seen: what came of the kills.
    """

    place: Place
    crew: Crew
    journal: Path
    stands: dict[int, int | None] = field(default_factory=lambda: dict.fromkeys(NUMBERS))
    newest: int = 0
    seen: Counter[str] = field(default_factory=Counter)

    def plan(self, dice: random.Random) -> list[tuple[int, int]]:
        """Draw what is written next: every partition may come more than once."""
        first = self.newest + 1
        self.newest += WRITES
        return [(dice.choice(NUMBERS), first + turn) for turn in range(WRITES)]

    def wishes(self, versions: Sequence[tuple[int, int]]) -> dict[str, object]:
        self.journal.write_text("")
        return {
            "place": self.place.to_json(),
            "journal": str(self.journal),
            "versions": list(versions),
        }

    def write(self, versions: Sequence[tuple[int, int]], **more: object) -> None:
        ended = self.crew.run("write_some", **self.wishes(versions), **more)
        assert ended.code == 0, ended.said
        self.stands.update(versions)

    def kill(self, death: dict[str, object], dice: random.Random, seconds: float) -> bool:
        """Let a writer begin, and die: of its own hand, or after some of its time."""
        writer = self.crew.start("write_some", **self.wishes(self.plan(dice)), **death)
        if not death:
            time.sleep(dice.random() * seconds)
            writer.kill()
        ended = writer.wait()
        # One that takes up what another left may have fewer steps, or smaller files.
        assert ended.killed or ended.code == 0, ended.said
        return ended.killed

    def check_after_a_kill(self) -> tuple[int, int] | None:
        """Every partition is as it was left, but for the one that was being written: old or new."""
        begun = None
        for line in self.journal.read_text().splitlines():
            word, number, version = line.split()
            begun = (int(number), int(version)) if word == "begun" else None
            if word == "done":
                self.stands[int(number)] = int(version)
        for number in NUMBERS:
            found, old = version_of(self.place, number), self.stands[number]
            if begun and number == begun[0]:
                assert found in {old, begun[1]}, f"{number}: {found}, neither {old} nor {begun[1]}"
                self.seen["new" if found == begun[1] else "old"] += 1
            else:
                assert found == old, f"{number}: version {found}, though {old} was written"
        return begun

    def heal(self, begun: tuple[int, int] | None, undisturbed: dict[str, int]) -> None:
        """Write again what was begun, and what was never written: nothing is left over then."""
        again = [begun] if begun else []
        lacking = [each for each, version in self.stands.items() if version is None]
        for number in lacking:
            if not begun or number != begun[0]:
                self.newest += 1
                again.append((number, self.newest))
        self.write(again)
        for number, version in again:
            assert version_of(self.place, number) == version
        assert shape(self.place) == undisturbed, "something is left over, or lacks"
        self.seen["healed"] += 1


def undisturbed_shape(place: Place, crew: Crew, journal: Path) -> dict[str, int]:
    """Say what stands at a place where every partition was written and rewritten in peace."""
    market = Market(place, crew, journal)
    market.write([(number, version) for version in (1, 2) for number in NUMBERS])
    return shape(place)


@dataclass(frozen=True)
class Deaths:
    """The ways to die that a place offers.

    Attributes:
        states: steps of a writer, by what stands on the disk while they are taken.
        seconds: how long a writer works.
        largest: the bytes of its largest file.
    """

    states: list[list[Step]]
    seconds: float
    largest: int

    def draw(self, turn: int, dice: random.Random) -> dict[str, object]:
        """Draw one; every state has its turn."""
        way = turn % 3
        if way == 0:
            return {"deadly": dice.choice(self.states[turn // 3 % len(self.states)])}
        if way == 1 and self.largest:
            return {"limit": max(512, int(self.largest * dice.random())), "fatal": True}
        return {}


def deaths(place: Place, crew: Crew, journal: Path, dice: random.Random) -> Deaths:
    """Let a writer of `WRITES` partitions work in peace, and watch it."""
    market, told = Market(place, crew, journal), journal.with_name("steps")
    market.write(market.plan(dice), count=str(told))
    states: list[list[Step]] = [
        [(name, occurrence) for name, occurrence in steps] for steps in json.loads(told.read_text())
    ]
    dice.shuffle(states)
    versions = market.plan(dice)
    began = time.perf_counter()
    market.write(versions)
    return Deaths(states, time.perf_counter() - began, largest(place) if place.is_local else 0)


@pytest.mark.parametrize("kills", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])
# Hive, DuckDB and PostgreSQL have kills of their own among the tests of the outputs.
@pytest.mark.parametrize("name", sampled(PLACES, "hive", "duckdb", "postgresql"))
def test_a_killed_writer_leaves_old_or_new_and_a_rerun_heals(
    name: str,
    kills: int,
    make_place: MakePlace,
    crew: Crew,
    journal: Path,
    record_property: Callable[[str, object], None],
) -> None:
    dice = random.Random(f"{name} {kills}")
    undisturbed = undisturbed_shape(make_place(name), crew, journal)
    ways = deaths(make_place(name), crew, journal, dice)
    market = Market(make_place(name), crew, journal)
    done = turn = 0
    while done < kills:
        done += market.kill(ways.draw(turn, dice), dice, ways.seconds)
        market.heal(market.check_after_a_kill(), undisturbed)
        turn += 1
        assert turn < 4 * kills + 20, "too few writers die to learn anything"
    assert {each: version_of(market.place, each) for each in NUMBERS} == market.stands
    seen = market.seen
    record_property(
        "figures",
        f"{name}: {done} kills in {len(ways.states)} states of the disk, inside files and at "
        f"random moments; what was being written was then old {seen['old']}, new {seen['new']} "
        f"times; healed {seen['healed']}; lost 0, doubled 0",
    )
    assert seen["healed"] >= done
