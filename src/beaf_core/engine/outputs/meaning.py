"""What do the columns of an output mean, and how were they made?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import beaf_core
from beaf_core.model.outputs import ColumnMeaning, Meaning

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedPass
    from beaf_core.model.module import Measure

_OF_LISTINGS = {
    "ListingId": "The listing: one instrument on one venue.",
    "MIC": "The venue of the listing, ISO 10383.",
    "Ticker": "The listing's ticker.",
    "CurrencyCode": "The currency that the listing is quoted in, ISO 4217.",
}


def meaning_of(resolved: ResolvedPass, configuration: str = "") -> Meaning:
    """Gather what the rows of a pass say of themselves.

    Args:
        resolved: the pass.
        configuration: a digest of what it was configured to, where rows are written with it.
    """
    config = resolved.config
    facts = {
        "time_bucket_seconds": f"{config.time_bucket_seconds:g}",
        "time_bucket_anchor": config.time_bucket_anchor,
        "time_bucket_closed": config.time_bucket_closed,
        "configuration": configuration,
        "beaf": beaf_core.__version__,
    }
    return Meaning(tuple(_columns(resolved)), facts)


def _columns(resolved: ResolvedPass) -> Iterator[ColumnMeaning]:
    described = _OF_LISTINGS | {"TimeBucket": _time_bucket(resolved)}
    own = {measure.name for measure in resolved.measures}
    for name in resolved.columns:
        if name not in own:
            yield ColumnMeaning(name, doc=described.get(name, "A key of the row."))
    for module in resolved.modules:
        yield from (_of_measure(each, module.module.name) for each in module.measures)


def _time_bucket(resolved: ResolvedPass) -> str:
    config = resolved.config
    opening, closing = ("(", "]") if config.time_bucket_closed == "right" else ("[", ")")
    return (
        f"The {config.time_bucket_anchor} of the bucket {opening}start, end{closing} of "
        f"{config.time_bucket_seconds:g} s that the row is of, UTC."
    )


def _of_measure(measure: Measure, module: str) -> ColumnMeaning:
    return ColumnMeaning(
        measure.name,
        unit=measure.unit,
        doc=measure.doc,
        formula=measure.formula,
        source=measure.source,
        reaggregation=measure.reaggregation,
        version=measure.version,
        module=module,
    )
