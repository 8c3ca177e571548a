"""How is the table `consolidated` made: one book per instrument, of those of all its venues?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import polars as pl

from beaf_analytics.cbbo.carried import (
    FIELDS,
    LISTING,
    SEQUENCE,
    SIDES,
    STATE,
    TIME,
    carried,
    columns,
    state_column,
)
from beaf_analytics.cbbo.from_orders import MESSAGES, books_from_orders
from beaf_analytics.cbbo.merged import at_best, merged
from beaf_analytics.cbbo.options import ConsolidateOptions
from beaf_analytics.cbbo.venues import REFERENCE, SLOT, venues_of
from beaf_analytics.measures.expressions import NANOSECONDS
from beaf_core import ProvidedTable

#: The table's name, and what it has beyond the columns of `l2`.
CONSOLIDATED = "consolidated"
EVENT, VENUES = "L2EventNo", "VenueCount"
BID_VENUES, ASK_VENUES = "BidVenueCount", "AskVenueCount"


def consolidated(options: ConsolidateOptions) -> ProvidedTable:
    """Declare the table."""
    return ProvidedTable(
        name=CONSOLIDATED,
        needs={options.made_of: _needed(options), "reference": REFERENCE},
        build=partial(build, options),
        time=TIME,
        sequence=EVENT,
        ordered=True,
    )


def _needed(options: ConsolidateOptions) -> tuple[str, ...]:
    return MESSAGES if options.made_of == "l3" else columns(options.levels)


def build(options: ConsolidateOptions, tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Make the common books of all instruments, in the order of listing, time and event number."""
    venues = venues_of(tables["reference"], options.venues)
    count = venues[SLOT].n_unique() or 1
    age = None if options.max_age is None else round(options.max_age * NANOSECONDS)
    rows = tables[options.made_of].with_columns(pl.col(LISTING).cast(pl.Int64))
    rows = rows.join(venues.lazy(), on=LISTING)
    books = carried(
        books_from_orders(rows, options.levels) if options.made_of == "l3" else rows,
        count,
        levels=options.levels,
        left_out=options.left_out,
        max_age_ns=age,
    )
    return merged(books, levels=options.levels, venues=count).select(
        *(LISTING, TIME, SEQUENCE),
        # Per listing, as the vendor numbers the events of a book.
        pl.int_range(pl.len(), dtype=pl.Int64).over(LISTING).alias(EVENT),
        _market_state(count).alias(STATE),
        *(
            f"{side}{field}{n}"
            for n in range(1, options.levels + 1)
            for side in SIDES
            for field in FIELDS
        ),
        at_best("Bid", count).alias(BID_VENUES),
        at_best("Ask", count).alias(ASK_VENUES),
        pl.sum_horizontal(_takes_part(slot).cast(pl.Int32) for slot in range(count)).alias(VENUES),
    )


def _market_state(venues: int) -> pl.Expr:
    """Take the state of the first venue that takes part, the primary first; else of the event."""
    states = (pl.when(_takes_part(slot)).then(state_column(slot)) for slot in range(venues))
    return pl.coalesce(*states, pl.col(STATE))


def _takes_part(slot: int) -> pl.Expr:
    return (pl.col(state_column(slot)) != "").fill_null(value=False)
