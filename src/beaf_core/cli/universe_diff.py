"""How is it shown which listings came, went or changed?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from beaf_core.cli.screen import narrate, print_table

if TYPE_CHECKING:
    from beaf_core.engine.planning.listing_changes import ChangedListing, ListingChanges

#: What names a listing to a person, as far as the source knows it.
_NAMED = ("ListingId", "MIC", "Ticker", "DisplayName")


def as_json(changes: ListingChanges) -> dict[str, Any]:
    """Render what changed for `--json`, whole rows included."""
    return {
        "counts": _counts(changes),
        "came": changes.came.to_dicts(),
        "went": changes.went.to_dicts(),
        "changed": [_changed_as_json(each) for each in changes.changed],
        "not_compared": list(changes.not_compared),
    }


def _changed_as_json(changed: ChangedListing) -> dict[str, Any]:
    return {
        **{name: changed.listing[name] for name in _NAMED if name in changed.listing},
        "changes": {
            name: {"from": before, "to": after} for name, (before, after) in changed.changes.items()
        },
    }


def print_changes(title: str, changes: ListingChanges) -> None:
    """Print the counts, and a line for each listing that is not as it was."""
    counts = ", ".join(f"{count:,} {word}" for word, count in _counts(changes).items())
    lines = list(_lines(changes))
    if lines:
        print_table(f"{title}: {counts}", ("", *_NAMED, "what"), lines)
    else:
        click.echo(f"{title}: {counts}")
    if changes.not_compared:
        narrate(f"only one of the days has {', '.join(changes.not_compared)}; not compared")


def _counts(changes: ListingChanges) -> dict[str, int]:
    return {
        "came": changes.came.height,
        "went": changes.went.height,
        "changed": len(changes.changed),
        "same": changes.same,
    }


def _lines(changes: ListingChanges) -> Iterator[list[object]]:
    for row in changes.came.to_dicts():
        yield _line("+", row, "came")
    for row in changes.went.to_dicts():
        yield _line("-", row, "went")
    for each in changes.changed:
        told = [
            f"{name} {_shown(was)} → {_shown(now)}" for name, (was, now) in each.changes.items()
        ]
        yield _line("~", each.listing, "; ".join(told))


def _line(sign: str, row: dict[str, Any], what: str) -> list[object]:
    return [sign, *(row.get(name) for name in _NAMED), what]


def _shown(value: object) -> str:
    return "·" if value is None else str(value)
