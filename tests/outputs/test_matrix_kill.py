"""Is every partition whole, old or new, wherever a writer is killed, and does a rerun heal?

A writer dies before any step of the output's own code, the more of them the more kills there are,
and at any moment of what a library does in one step. After each death every partition is read
through the public host; then what was begun is written again, as the next run would.
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

from tests.outputs.conftest import MakePlace
from tests.outputs.crew import Crew
from tests.outputs.places import PLACES, Place, version_of
from tests.outputs.standing import shape

NUMBERS = (0, 1, 2)
WRITES = 4
FEW, MANY = 6, 200


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
        for number in NUMBERS:
            assert version_of(self.place, number) == self.stands[number]
        assert shape(self.place) == undisturbed, "something is left over, or lacks"
        self.seen["healed"] += 1


def undisturbed_shape(place: Place, crew: Crew, journal: Path) -> dict[str, int]:
    """Say what stands at a place where every partition was written and rewritten in peace."""
    market = Market(place, crew, journal)
    market.write([(number, version) for version in (1, 2) for number in NUMBERS])
    return shape(place)


def steps_of(place: Place, crew: Crew, journal: Path) -> tuple[list[tuple[str, int]], float]:
    """List the steps of a writer of `WRITES` partitions, and how many seconds it takes."""
    market, counted = Market(place, crew, journal), journal.with_name("steps")
    first, again = market.plan(random.Random(0)), market.plan(random.Random(0))
    market.write(first, count=str(counted))
    steps: dict[str, int] = json.loads(counted.read_text())
    began = time.perf_counter()
    market.write(again)
    return sorted(steps.items()), time.perf_counter() - began


def killed_at_a_step(market: Market, dice: random.Random, step: tuple[str, int]) -> bool:
    name, often = step
    versions = market.plan(dice)
    deadly = (name, dice.randint(1, often))
    ended = market.crew.run("write_some", **market.wishes(versions), deadly=deadly)
    # One that takes up what another left may have fewer of these steps.
    assert ended.killed or ended.code == 0, ended.said
    return ended.killed


def killed_at_a_moment(market: Market, dice: random.Random, seconds: float) -> bool:
    writer = market.crew.start("write_some", **market.wishes(market.plan(dice)))
    time.sleep(dice.random() * seconds)
    writer.kill()
    ended = writer.wait()
    assert ended.killed or ended.code == 0, ended.said
    return ended.killed


@pytest.mark.parametrize("kills", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", PLACES)
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
    steps, seconds = steps_of(make_place(name), crew, journal)
    dice.shuffle(steps)
    market = Market(make_place(name), crew, journal)
    done = turn = 0
    while done < kills:
        if turn % 2 == 0:
            killed = killed_at_a_step(market, dice, steps[turn // 2 % len(steps)])
        else:
            killed = killed_at_a_moment(market, dice, seconds)
        turn += 1
        done += killed
        market.heal(market.check_after_a_kill(), undisturbed)
        assert turn < 4 * kills + 20, "too few writers die to learn anything"
    seen = market.seen
    record_property(
        "figures",
        f"{name}: {done} kills at {len(steps)} steps and at random moments; "
        f"the partition then old {seen['old']}, new {seen['new']}; "
        f"healed {seen['healed']}; lost 0, doubled 0",
    )
    assert seen["healed"] >= done
