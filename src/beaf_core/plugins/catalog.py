"""Which plugins are installed? Answered from entry-point metadata, importing none of them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from beaf_core.model.run import ALL
from beaf_core.plugins.errors import PluginConflictError, PluginNotFoundError
from beaf_core.plugins.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from importlib_metadata import EntryPoint

GROUP_PREFIX = "beaf."
#: Stands for a distribution where a pipeline's own file defines the plugin.
OWN_FILE = "the pipeline's own file"
DISABLE_VARIABLE = "BEAF_DISABLE_PLUGINS"

_STANDARD_MODULES = """
    aggressive_trades alpha101 auction cbbo_analytics consolidate correlation dense events execution
    generic iceberg l2 l2tw l3 l3_characteristics metrics reaggregate retail_imbalance trade
    trade_characteristics
"""

_STANDARD_UNIVERSES = "file index isin mic mic_siblings opol ticker"

# A first-party plugin that is not installed deserves a better word than "unknown".
FIRST_PARTY: Mapping[tuple[str, str], str] = {
    **{("universe", name): "beaf-universes" for name in _STANDARD_UNIVERSES.split()},
    **{("output", name): "beaf-outputs" for name in ("parquet", "delta", "sql")},
    **{("module", name): "beaf-analytics" for name in _STANDARD_MODULES.split()},
    ("source", "simulated"): "beaf-simulator",
    ("source", "bmll"): "beaf-bmll",
    ("launcher", "bmll"): "beaf-bmll",
    **{("area", name): "beaf-bmll" for name in ("user", "organisation")},
    ("command", "bench"): "beaf-bench",
    ("command", "dagster"): "beaf-dagster",
    ("command", "job"): "beaf-bmll",
}


@dataclass(frozen=True, slots=True)
class PluginEntry:
    """One entry point, as its distribution's metadata states it.

    Attributes:
        kind: universe, source, module, output, launcher, area or command.
        name: the word that a user types.
        value: `module` or `module:object`.
        distribution: who offers it.
        version: of the distribution.
        summary: the distribution's one-line summary.
        disabled: whether BEAF_DISABLE_PLUGINS turns it off.
        inline: the object itself, for plugins that a pipeline's own file defines.
        loads: makes the object when it is first named, for plugins in a file of their own that no
            distribution offers.
    """

    kind: str
    name: str
    value: str
    distribution: str
    version: str
    summary: str = ""
    disabled: bool = False
    inline: object | None = field(default=None, compare=False, repr=False)
    loads: Callable[[], object] | None = field(default=None, compare=False, repr=False)

    @property
    def is_own_file(self) -> bool:
        """Whether it is defined in the pipeline's own file, not by a distribution."""
        return self.distribution == OWN_FILE

    @property
    def address(self) -> str:
        """`kind/name`."""
        return f"{self.kind}/{self.name}"


class Catalog:
    """The installed plugins, by kind and name.

    Attributes:
        entries: every entry point of BEAF's groups.
        unreadable: distributions whose entry points cannot be parsed; theirs are not among them.
    """

    def __init__(self, entries: Iterable[PluginEntry], unreadable: Iterable[str] = ()) -> None:
        self.entries = tuple(entries)
        self.unreadable = tuple(unreadable)

    @classmethod
    def installed(cls, environ: Mapping[str, str] | None = None) -> Catalog:
        """Read the metadata of every installed distribution, once."""
        points, unreadable = _installed_points()
        entries = _described_entries(points, _disabled_words(environ))
        return cls(sorted(entries, key=_place), unreadable)

    def of_kind(self, kind: str) -> dict[str, list[PluginEntry]]:
        """Group the enabled plugins of a kind by name."""
        found: dict[str, list[PluginEntry]] = {}
        for entry in self.entries:
            if entry.kind == kind and not entry.disabled:
                found.setdefault(entry.name, []).append(entry)
        return found

    def names(self, kind: str) -> list[str]:
        """List the names that can be used, sorted."""
        return sorted(self.of_kind(kind))

    def find(self, kind: str, name: str) -> PluginEntry:
        """Find the one plugin of that kind and name.

        Raises:
            PluginNotFoundError: there is none; the error has near matches and what to install.
            PluginConflictError: there are several.
        """
        found = self.of_kind(kind)
        match found.get(name, []):
            case [entry]:
                return entry
            case []:
                raise self._not_found(kind, name, found)
            case entries:
                raise PluginConflictError(entries)

    def lacks(self, kind: str, name: str) -> str | None:
        """Return the distribution of BEAF that brings a plugin, where that is not installed."""
        home = FIRST_PARTY.get((kind, name))
        return None if home in {each.distribution for each in self.entries} else home

    def _not_found(self, kind: str, name: str, found: Iterable[str]) -> PluginNotFoundError:
        disabled = [each.name for each in self.entries if each.kind == kind and each.disabled]
        error = PluginNotFoundError(kind, name, found, disabled=disabled)
        home = self.lacks(kind, name)
        if home:
            error.remedy = f"pip install {home}; {error.remedy}"
        if kind == "universe":
            error.remedy = _universe_remedy(name, error.remedy)
        return error

    def with_inline(self, entries: Iterable[PluginEntry]) -> Catalog:
        """Return a catalogue in which a pipeline's own plugins come before installed ones."""
        own = tuple(entries)
        addresses = {each.address for each in own}
        installed = (each for each in self.entries if each.address not in addresses)
        return Catalog((*own, *installed), self.unreadable)


def _universe_remedy(name: str, remedy: str | None) -> str:
    if name == ALL:
        return (
            "`all` stands for no selector: leave it out where the pipeline has a get_universe; "
            f"{remedy}"
        )
    if name == "default":
        return (
            "`default` is the get_universe of a pipeline's own file: name it with --pipeline, "
            f"or define it there; {remedy}"
        )
    return (
        f"{remedy}; or define it: get_universe(date, value) in universes/{name}.py beside the "
        f'pipeline, or CustomUniverse(…, name="{name}") in UNIVERSES'
    )


def _disabled_words(environ: Mapping[str, str] | None) -> frozenset[str]:
    text = (os.environ if environ is None else environ).get(DISABLE_VARIABLE, "")
    return frozenset(_folded(word) for word in text.split(",") if word.strip())


def _folded(word: str) -> str:
    """Fold `dist` or `dist:kind/name`; pip takes beaf_acme and beaf-acme for one name."""
    distribution, colon, address = word.strip().lower().partition(":")
    return re.sub(r"[-_.]+", "-", distribution) + colon + address


def _installed_points() -> tuple[list[EntryPoint], list[str]]:
    # 70 ms: too slow for the top of a module that `import beaf_core` reaches.
    from importlib_metadata import distributions, entry_points

    try:
        # One per distribution: of one found twice (a checkout and its install), the first.
        return list(entry_points()), []
    except (OSError, TypeError, ValueError):
        # One malformed entry_points.txt, of any package on the path, ends that call.
        return _points_one_by_one(distributions())


def _points_one_by_one(found: Iterable[Any]) -> tuple[list[EntryPoint], list[str]]:
    points: dict[str, list[EntryPoint]] = {}
    unreadable: list[str] = []
    for distribution in found:
        name, *_ = _described(distribution)
        try:
            # The first one on the path is the one that imports.
            points.setdefault(_folded(name), list(distribution.entry_points))
        except (OSError, TypeError, ValueError) as error:
            unreadable.append(f"{name}: its entry_points.txt cannot be read: {error}")
    return [point for each in points.values() for point in each], unreadable


def _described_entries(
    points: Iterable[EntryPoint], disabled: frozenset[str]
) -> Iterator[PluginEntry]:
    known: dict[int, tuple[str, str, str]] = {}
    for point in points:
        kind = point.group.removeprefix(GROUP_PREFIX)
        if kind == point.group or kind not in KINDS:
            continue
        if id(point.dist) not in known:
            known[id(point.dist)] = _described(point.dist)
        distribution, version, summary = known[id(point.dist)]
        words = {_folded(distribution), _folded(f"{distribution}:{kind}/{point.name}")}
        off = not words.isdisjoint(disabled)
        yield PluginEntry(kind, point.name, point.value, distribution, version, summary, off)


def _place(entry: PluginEntry) -> tuple[int, str, str]:
    return KINDS.index(entry.kind), entry.name, entry.distribution


def _described(distribution: Any) -> tuple[str, str, str]:
    """Name, version and summary; a METADATA file may be missing or lack any of them."""
    try:
        metadata = None if distribution is None else distribution.metadata
    except (OSError, ValueError):
        metadata = None
    found = metadata or {}
    return (
        str(found.get("Name") or "an unknown distribution"),
        str(found.get("Version") or "?"),
        str(found.get("Summary") or ""),
    )
