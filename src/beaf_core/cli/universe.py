"""`beaf universe`: which listings does a selector mean, and how do they change?"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from beaf_core.cli.group import BeafGroup
from beaf_core.cli.options import AskedSource, asks_source, day_option, json_option
from beaf_core.cli.screen import counted, narrate, print_frame, print_json, reader_may_leave
from beaf_core.cli.universe_diff import as_json as changes_as_json
from beaf_core.cli.universe_diff import print_changes
from beaf_core.cli.universe_values import offers_of, print_offers, print_values, tell_of_offers
from beaf_core.model.dates import parse_day
from beaf_core.model.errors import EmptyUniverseError
from beaf_core.model.partition import UniversePartition, parse_universe_spec

if TYPE_CHECKING:
    import polars as pl

    from beaf_core.engine.planning.listing_changes import ListingChanges
    from beaf_core.engine.planning.prepare import Preparer

#: What a person wants to see of a listing first.
_FIRST = ("ListingId", "MIC", "Ticker", "ISIN", "CurrencyCode", "OPOL", "InstrumentId")


@click.group("universe", cls=BeafGroup)
def universe() -> None:
    """Look up which listings a selector means, from the configured source."""


@universe.command("list")
@asks_source
@day_option
@click.option("--values", "only", metavar="NAME", help="All values of one universe, line by line.")
@json_option
def list_universes(source: AskedSource, date: str | None, only: str | None, as_json: bool) -> None:
    """List the installed universes, and the values that each accepts on a day."""
    preparer = _preparer(source)
    day = _day(preparer, date)
    offers = offers_of(preparer, day, only)
    with reader_may_leave():
        if as_json:
            print_json([each.to_json() for each in offers])
        elif only is not None:
            print_values(offers[0])
        else:
            print_offers(offers, day)
    if not as_json:
        tell_of_offers(offers, source, day, whole=only is not None)


@universe.command("show")
@click.argument("selector")
@asks_source
@day_option
@json_option
def show(selector: str, source: AskedSource, date: str | None, as_json: bool) -> None:
    """List the listings of a selector, such as mic=XLON, on a day."""
    preparer = _preparer(source)
    day = _day(preparer, date)
    listings = preparer.listings(parse_universe_spec(selector), parse_day(day))
    with reader_may_leave():
        if as_json:
            print_json(listings.to_dicts())
            return
        told = counted(listings.height, "listing", "listings")
        print_frame(f"{selector} on {day}: {told}", _in_order(listings))
    if source.path is not None:
        run = ("pipeline", "run", "--date", day, "--universe", selector)
        narrate(f"next: {source.command(*run)}")


@universe.command("diff")
@click.argument("selector")
@asks_source
@click.option("--from", "start", required=True, metavar="DAY", help="The earlier day.")
@click.option("--to", "end", required=True, metavar="DAY", help="The later day.")
@json_option
def diff(selector: str, source: AskedSource, start: str, end: str, as_json: bool) -> None:
    """List which listings of a selector came, went or changed between two days."""
    asked, first, last = parse_universe_spec(selector), parse_day(start), parse_day(end)
    changes = _changes(_preparer(source), asked, first, last)
    with reader_may_leave():
        if as_json:
            told = {"universe": asked.spec, "from": str(first), "to": str(last)}
            print_json(told | changes_as_json(changes))
            return
        print_changes(f"{asked.spec} from {first} to {last}", changes)
    narrate(f"next: {source.command('universe', 'show', selector, '--date', str(last))}")


def _changes(
    preparer: Preparer, universe: UniversePartition, first: dt.date, last: dt.date
) -> ListingChanges:
    """Compare two days; the universe may be empty on one of them.

    Raises:
        EmptyUniverseError: it is empty on both.
    """
    from beaf_core.engine.planning.listing_changes import listing_changes

    try:
        before = preparer.listings(universe, first)
    except EmptyUniverseError:
        after = preparer.listings(universe, last)
        return listing_changes(after.clear(), after)
    try:
        after = preparer.listings(universe, last)
    except EmptyUniverseError:
        after = before.clear()
    return listing_changes(before, after)


def _in_order(listings: pl.DataFrame) -> pl.DataFrame:
    first = [name for name in _FIRST if name in listings.columns]
    return listings.select(*first, *(name for name in listings.columns if name not in first))


def _preparer(source: AskedSource) -> Preparer:
    from beaf_core.engine.planning.prepare import Preparer
    from beaf_core.prepare import prepare_pipeline

    path, sets = source.path, source.sets
    prepared = prepare_pipeline(path or {}, sets=sets, needs_passes=path is not None)
    return Preparer(prepared.host, prepared.resolved)


def _day(preparer: Preparer, given: str | None) -> str:
    yesterday = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    return parse_day(given or preparer.pipeline.config.START_DATE or yesterday).isoformat()
