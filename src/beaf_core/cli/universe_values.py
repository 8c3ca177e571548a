"""Which values does each universe accept, and how are thousands of them shown?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from beaf_core.cli.screen import counted, narrate, print_table
from beaf_core.model.errors import BeafError

if TYPE_CHECKING:
    from beaf_core.cli.options import AskedSource
    from beaf_core.engine.planning.prepare import Preparer

#: How many characters of its values a universe's line shows.
_ROOM = 38


@dataclass(frozen=True, slots=True)
class Offer:
    """What a universe offers on a day.

    Attributes:
        name: the universe.
        distribution: who provides it.
        values: what its selector accepts; empty where it takes anything, or cannot say.
        fault: why it cannot say.
    """

    name: str
    distribution: str
    values: Sequence[str] = ()
    fault: BeafError | None = None

    def to_json(self) -> dict[str, object]:
        """Render it for `--json`."""
        fault = {} if self.fault is None else {"fault": self.fault.message}
        return {
            "name": self.name,
            "distribution": self.distribution,
            "values": list(self.values),
            **fault,
        }

    @property
    def selector(self) -> str:
        """A selector of it that has listings."""
        return f"{self.name}={self.values[0]}" if self.values else self.name


def offers_of(preparer: Preparer, day: str, only: str | None) -> list[Offer]:
    """Ask every universe for its values, or one alone.

    Raises:
        BeafError: the one that is asked alone does not exist, or cannot say.
    """
    if only is not None:
        return [_offer(preparer, only, day)]
    return [
        _offer_or_fault(preparer, name, day) for name in preparer.host.catalog.names("universe")
    ]


def _offer(preparer: Preparer, name: str, day: str) -> Offer:
    entry = preparer.host.catalog.find("universe", name)
    values = preparer.host.universe_values(name, date=day, reference=preparer.reference)
    return Offer(name, entry.distribution, values)


def _offer_or_fault(preparer: Preparer, name: str, day: str) -> Offer:
    try:
        return _offer(preparer, name, day)
    except BeafError as error:  # one that cannot answer does not hide the others
        entries = preparer.host.catalog.of_kind("universe")[name]
        return Offer(name, " and ".join(each.distribution for each in entries), fault=error)


def print_offers(offers: Sequence[Offer], day: str) -> None:
    """Print a line for each universe: its first values, and how many there are."""
    columns = ("universe", "count", "values", "distribution")
    rows = [
        (each.name, f"{len(each.values):,}" if each.values else "", _first(each), each.distribution)
        for each in offers
    ]
    print_table(f"Universes on {day}", columns, rows, right=("count",))


def _first(offer: Offer) -> str:
    if offer.fault is not None:
        return "?"
    shown = _fitting(offer.values)
    return " ".join(shown) + (" …" if len(shown) < len(offer.values) else "")


def _fitting(values: Sequence[str]) -> Sequence[str]:
    """Take the first values, as many as there is room for; one at least."""
    room = _ROOM
    for place, value in enumerate(values):
        room -= len(value) + 1
        if room < 0 and place:
            return values[:place]
    return values


def print_values(offer: Offer) -> None:
    """Print every value, a line each."""
    for each in offer.values:
        click.echo(each)


def tell_of_offers(offers: Sequence[Offer], source: AskedSource, day: str, *, whole: bool) -> None:
    """Tell what could not be answered, and what a person may type next."""
    _tell_faults(offers)
    dated = ("--date", day)
    if whole:
        narrate(counted(len(offers[0].values), "value", "values"))
    else:
        cut = [each for each in offers if len(_fitting(each.values)) < len(each.values)]
        if cut:
            narrate(f"all: {source.command('universe', 'list', '--values', cut[0].name, *dated)}")
    answering = [each for each in offers if each.values]
    if answering:
        known = next((each for each in answering if each.name == "mic"), answering[0])
        narrate(f"next: {source.command('universe', 'show', known.selector, *dated)}")


def _tell_faults(offers: Sequence[Offer]) -> None:
    """Tell one fault once, whoever met it."""
    met: dict[str, list[str]] = {}
    for each in offers:
        if each.fault is not None:
            met.setdefault(str(each.fault), []).append(each.name)
    for fault, names in met.items():
        narrate(f"warning: {', '.join(names)}: {fault}")
