"""`beaf universe`: which listings does a selector mean?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from beaf_core.cli.group import BeafGroup
from beaf_core.cli.options import json_option, source_options
from beaf_core.cli.screen import narrate, print_frame, print_json, print_table
from beaf_core.model.dates import parse_day
from beaf_core.model.errors import BeafError
from beaf_core.model.partition import parse_universe_spec

if TYPE_CHECKING:
    from beaf_core.engine.planning.prepare import Preparer


@click.group("universe", cls=BeafGroup)
def universe() -> None:
    """Look up which listings a selector means, from the configured source."""


@universe.command("list")
@source_options
@json_option
def list_universes(path: str | None, date: str | None, sets: Sequence[str], as_json: bool) -> None:
    """List the installed universes, and the values that each accepts on a day."""
    preparer = _preparer(path, sets)
    day = _day(preparer, date)
    rows = []
    for name in preparer.host.catalog.names("universe"):
        entry = preparer.host.catalog.of_kind("universe")[name][0]
        try:
            values = preparer.host.universe_values(name, date=day, reference=preparer.reference)
        except BeafError as error:
            narrate(f"warning: {error}")
            values = []
        rows.append({"name": name, "distribution": entry.distribution, "values": values})
    if as_json:
        print_json(rows)
        return
    print_table(
        f"Universes on {day}",
        ("universe", "distribution", "values"),
        [(each["name"], each["distribution"], " ".join(each["values"])) for each in rows],
    )


@universe.command("show")
@click.argument("selector")
@source_options
@json_option
def show(
    selector: str, path: str | None, date: str | None, sets: Sequence[str], as_json: bool
) -> None:
    """List the listings of a selector, such as mic=XLON, on a day."""
    preparer = _preparer(path, sets)
    day = _day(preparer, date)
    listings = preparer.listings(parse_universe_spec(selector), parse_day(day))
    if as_json:
        print_json(listings.to_dicts())
        return
    print_frame(f"{selector} on {day}: {listings.height} listings", listings)


def _preparer(path: str | None, sets: Sequence[str]) -> Preparer:
    from beaf_core.engine.planning.prepare import Preparer
    from beaf_core.prepare import prepare_pipeline

    prepared = prepare_pipeline(path or {}, sets=sets, needs_passes=path is not None)
    return Preparer(prepared.host, prepared.resolved)


def _day(preparer: Preparer, date: str | None) -> str:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    given = date or preparer.pipeline.config.START_DATE or yesterday
    return parse_day(given).isoformat()
