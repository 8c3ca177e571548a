"""Which plugins are installed? Answered from entry-point metadata, importing none of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from beaf_core.plugins.errors import PluginConflictError, PluginNotFoundError

GROUP_PREFIX = "beaf."
KINDS = ("universe", "source", "module", "output", "launcher", "command")
DISABLE_VARIABLE = "BEAF_DISABLE_PLUGINS"

# A first-party plugin that is not installed deserves a better word than "unknown".
FIRST_PARTY: Mapping[tuple[str, str], str] = {
    **{("universe", name): "beaf-universes" for name in ("mic", "index", "opol")},
    **{("output", name): "beaf-outputs" for name in ("parquet", "delta", "sql")},
    **{("module", name): "beaf-analytics" for name in ("trade", "l2", "l2tw", "l3", "execution")},
    ("source", "simulated"): "beaf-simulator",
    ("source", "bmll"): "beaf-bmll",
    ("launcher", "bmll"): "beaf-bmll",
}


@dataclass(frozen=True, slots=True)
class PluginEntry:
    """One entry point, as its distribution's metadata states it.

    Attributes:
        kind: universe, source, module, output, launcher or command.
        name: the word that a user types.
        value: `module` or `module:object`.
        distribution: who offers it.
        version: of the distribution.
        summary: the distribution's one-line summary.
        disabled: whether BEAF_DISABLE_PLUGINS turns it off.
        inline: the object itself, for plugins that a pipeline's own file defines.
    """

    kind: str
    name: str
    value: str
    distribution: str
    version: str
    summary: str = ""
    disabled: bool = False
    inline: object | None = field(default=None, compare=False, repr=False)

    @property
    def address(self) -> str:
        """`kind/name`."""
        return f"{self.kind}/{self.name}"


class Catalog:
    """The installed plugins, by kind and name."""

    def __init__(self, entries: Iterable[PluginEntry]) -> None:
        self.entries = tuple(entries)

    @classmethod
    def installed(cls, environ: Mapping[str, str] | None = None) -> Catalog:
        """Read the metadata of every installed distribution, once."""
        return cls(_installed_entries(_disabled_words(environ)))

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

    def _not_found(self, kind: str, name: str, found: Iterable[str]) -> PluginNotFoundError:
        disabled = [each.name for each in self.entries if each.kind == kind and each.disabled]
        error = PluginNotFoundError(kind, name, found, disabled=disabled)
        home = FIRST_PARTY.get((kind, name))
        installed = {each.distribution for each in self.entries}
        if home and home not in installed:
            error.remedy = f"pip install {home}; {error.remedy}"
        return error

    def with_inline(self, entries: Iterable[PluginEntry]) -> Catalog:
        """Return a catalogue in which a pipeline's own plugins come before installed ones."""
        own = tuple(entries)
        addresses = {each.address for each in own}
        return Catalog((*own, *(e for e in self.entries if e.address not in addresses)))


def _disabled_words(environ: Mapping[str, str] | None) -> frozenset[str]:
    text = (os.environ if environ is None else environ).get(DISABLE_VARIABLE, "")
    return frozenset(word.strip().lower() for word in text.split(",") if word.strip())


def _installed_entries(disabled: frozenset[str]) -> list[PluginEntry]:
    # 70 ms: too slow for the top of a module that `import beaf_core` reaches.
    from importlib_metadata import entry_points

    found: dict[tuple[str, str, str, str], PluginEntry] = {}
    for point in entry_points():
        kind = point.group.removeprefix(GROUP_PREFIX)
        if kind == point.group or kind not in KINDS:
            continue
        metadata = point.dist.metadata if point.dist else {}
        distribution = str(metadata.get("Name") or "an unknown distribution")
        entry = PluginEntry(
            kind=kind,
            name=point.name,
            value=point.value,
            distribution=distribution,
            version=str(metadata.get("Version") or "?"),
            summary=str(metadata.get("Summary") or ""),
            disabled=_is_disabled(distribution, kind, point.name, disabled),
        )
        # A distribution found twice on the path (a checkout and its install) is one.
        found.setdefault((kind, point.name, distribution.lower(), point.value), entry)
    return sorted(found.values(), key=lambda each: (KINDS.index(each.kind), each.name))


def _is_disabled(distribution: str, kind: str, name: str, words: frozenset[str]) -> bool:
    dist = distribution.lower()
    return dist in words or f"{dist}:{kind}/{name}".lower() in words
