"""How does a program list selectors, and ask what they hold, without running anything?

Nothing is asked of a source while universes are defined or imported, and nothing is kept outside
of the objects: two sets of definitions in one process do not know of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beaf_core.config.load import PROJECT_FILE
from beaf_core.engine.planning.prepare import Preparer
from beaf_core.model.dates import parse_day
from beaf_core.model.errors import AbsentDayError, UsageError
from beaf_core.model.partition import JOIN, NOT, UniversePartition, parse_universe_spec
from beaf_core.model.run import ALL
from beaf_core.model.universe import Listings, Universe, Values, functions_of
from beaf_core.plugins.inline import DEFAULT_UNIVERSE
from beaf_core.prepare import PreparedPipeline, prepare_pipeline

if TYPE_CHECKING:
    import polars as pl

#: How far back the newest day of a source is looked for: weeks of holidays are shorter.
_LOOKED_BACK = 10


# -- asking ------------------------------------------------------------------------------------


def build_universe_partitions(
    universes: Iterable[Universe],
    source: Mapping[str, Any] | None = None,
    *,
    date: Any = None,
) -> list[str]:
    """List the partition keys of several universes, each key once, in their order.

    Args:
        universes: what to list.
        source: a SOURCE section, asked for values where a universe does not name its own; None
            for that of the nearest `beaf.yaml` at or above the working directory.
        date: the day on which it is asked; by default as `source_values`.

    Raises:
        UsageError: two functions of one name; a key that cannot be one; no source to ask.
    """
    listed = list(universes)
    functions_of(listed)
    values = source_values(source, date=date)
    found = [part.spec for each in listed for part in each.iter_partitions(values)]
    return list(dict.fromkeys(parse_universe_spec(spec).spec for spec in found))


def source_values(
    source: Mapping[str, Any] | PreparedPipeline | None = None, *, date: Any = None
) -> Values:
    """Return a function that tells which values a universe plugin offers in a source.

    Nothing is read before it is asked; each plugin is asked once.

    Args:
        source: a SOURCE section, or a prepared pipeline for its own; None for that of the nearest
            `beaf.yaml` at or above the working directory.
        date: the day on which the source is asked; START_DATE of the pipeline or of `beaf.yaml`,
            or the newest of the last ten days that the source knows, by default.
    """
    asked = _Asked(source, None if date is None else parse_day(date))
    return cache(asked.values)


def universe_getter(
    spec: str, source: Mapping[str, Any] | None = None, universes: Iterable[Universe] = ()
) -> Listings:
    """Return a function that answers the listings of a selector on a day, as a run sees them.

    Args:
        spec: the selector.
        source: a SOURCE section; None for that of the nearest `beaf.yaml` at or above the working
            directory. Nothing is read before the function is called.
        universes: structured universes, whose functions answer for selectors of their names.

    Raises:
        UsageError: the selector cannot be read, or two functions bear one name.
    """
    selector, known = parse_universe_spec(spec), list(universes)
    functions_of(known)

    @cache
    def preparer() -> Preparer:
        return _preparer(source, selector.spec, known)

    def listings(date: Any) -> pl.DataFrame:
        return preparer().listings(selector, parse_day(date))

    return listings


def _preparer(
    source: Mapping[str, Any] | PreparedPipeline | None,
    selector: str | None,
    universes: Iterable[Universe] = (),
) -> Preparer:
    if isinstance(source, PreparedPipeline):
        return Preparer(source.host, source.resolved)
    prepared = prepare_pipeline(
        {} if source is None else {"SOURCE": dict(source)},
        flags={} if selector is None else {"UNIVERSE": selector},
        universes=universes,
        needs_passes=False,
    )
    return Preparer(prepared.host, prepared.resolved)


@dataclass(frozen=True)
class _Asked:
    """A source that is asked for values on one day."""

    source: Mapping[str, Any] | PreparedPipeline | None
    day: date | None

    def values(self, name: str) -> list[str]:
        days, failed = self._days(), []
        for day in days:
            try:
                return self._preparer.host.universe_values(
                    name, date=day.isoformat(), reference=self._preparer.reference
                )
            except AbsentDayError as error:
                failed.append(error)
        told = f"; nor on the {len(days) - 1} days before" if len(days) > 1 else ""
        raise AbsentDayError(
            f"the values of the universe {name} are not known: {failed[0].message}{told}",
            failed[0].status,
        ) from failed[0]

    def _days(self) -> list[date]:
        start = self._preparer.pipeline.config.START_DATE
        if self.day is not None or start is not None:
            return [self.day or parse_day(start)]
        today = datetime.now(UTC).date()
        return [today - timedelta(days=back) for back in range(1, _LOOKED_BACK + 1)]

    @cached_property
    def _preparer(self) -> Preparer:
        preparer = _preparer(self.source, None)
        if preparer.pipeline.source is None:
            raise UsageError(
                f"no {PROJECT_FILE} at or above {Path.cwd()} configures a SOURCE, so it cannot be "
                "asked for values",
                remedy=f"write SOURCE into a {PROJECT_FILE}, or give source={{'type': …}}, or list "
                "the values, as in MICUniverse(whitelist=['XLON'])",
            )
        return preparer


# -- universes ---------------------------------------------------------------------------------


class CustomUniverse:
    """A universe of one's own function, without packaging.

    Args:
        get_universe: takes any of `date`, `value`, `reference`, `folder` by name, and answers
            listings with `ListingId` and `MIC`.
        name: the selector's name.
        value: the selector's value, if it has one.

    Raises:
        UsageError: a name or a value that cannot stand in a selector.
    """

    def __init__(
        self, get_universe: Callable[..., Any], name: str = "custom", value: str | None = None
    ) -> None:
        if not callable(get_universe):
            raise UsageError(
                f"a {type(get_universe).__name__} is no function that answers listings",
                remedy="define get_universe(date), and write CustomUniverse(get_universe)",
            )
        self._partition = _single(UniversePartition(name, value))
        self.get_universe = get_universe

    def __repr__(self) -> str:
        return f"CustomUniverse({self._partition.spec})"

    @property
    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """The function, by the selector's name."""
        return {self._partition.name: self.get_universe}

    def iter_partitions(self, values: Values | None = None) -> Iterator[UniversePartition]:
        """Yield the one selector."""
        yield self._partition

    def get_universe_for(self, partition: UniversePartition) -> Listings:
        """Return a function that answers the listings of a selector on a day."""
        return universe_getter(partition.spec, universes=[self])


class CartProdUniverse:
    """Every selector of one universe with every selector of another, intersected.

    In a key, parts with a value stand before bare ones: `mic=XLON+custom`.

    Args:
        left: the first universe.
        right: the second.
        separator: what stands between parts; selectors know `+` alone.

    Raises:
        UsageError: another separator; two functions of one name.
    """

    def __init__(self, left: Universe, right: Universe, separator: str = JOIN) -> None:
        if separator != JOIN:
            raise UsageError(
                f"the separator {separator!r} does not intersect", remedy=f"leave it at {JOIN!r}"
            )
        self.left, self.right = left, right
        self._functions = functions_of([left, right])

    def __repr__(self) -> str:
        return f"CartProdUniverse({self.left!r}, {self.right!r})"

    @property
    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """The functions of both, by name."""
        return self._functions

    def iter_partitions(self, values: Values | None = None) -> Iterator[UniversePartition]:
        """List the pairs: for each selector on the left, every one on the right."""
        right = list(self.right.iter_partitions(values))
        for first in self.left.iter_partitions(values):
            for second in right:
                yield _intersected(first, second)

    def get_universe_for(self, partition: UniversePartition) -> Listings:
        """Return a function that answers the listings of a selector on a day."""
        return universe_getter(partition.spec, universes=[self])


def _single(partition: UniversePartition) -> UniversePartition:
    """Check that a selector is one part, and reads back as it was given."""
    if parse_universe_spec(partition.spec) != partition or len(partition.parts) > 1:
        raise UsageError(
            f"{partition.spec!r} is not one selector",
            remedy="give a name, and a value, without spaces around them and without = + !",
        )
    if partition.name in (DEFAULT_UNIVERSE, ALL):
        raise UsageError(
            f'a universe cannot be called "{partition.name}": that is the pipeline\'s own',
            remedy="give another name: CustomUniverse(…, name=…)",
        )
    return partition


def _intersected(*universes: UniversePartition) -> UniversePartition:
    parts = [part for each in universes for part in each.parts]
    kept = sorted(parts, key=lambda part: part.value is None)
    taken_away = [f"{NOT}{part.spec}" for each in universes for part in each.exclusions]
    return parse_universe_spec(JOIN.join([*(part.spec for part in kept), *taken_away]))
