"""Which partitions do universes form, said in Python? `MICUniverse(blacklist=["BATE"])`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from beaf_core import UniversePartition, UsageError, parse_universe_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import date
    from types import ModuleType

    import polars as pl

    #: Gives the values of a universe: what `beaf_core.source_values` answers.
    Values = Callable[[str], list[str]]


class _Universe:
    """A partition for each of some values of a universe plugin."""

    name: str

    def iter_partitions(self, values: Values | None = None) -> Iterator[UniversePartition]:
        """Yield the partitions.

        Args:
            values: gives the values of a universe plugin, and is only called where none are
                listed; None asks the source of the nearest beaf.yaml.

        Raises:
            UsageError: a value that a selector cannot spell, or no beaf.yaml to ask.
        """
        for value in self._values(values):
            yield _partition(self.name, value)

    def get_universe_for(self, partition: UniversePartition) -> Callable[[date], pl.DataFrame]:
        """Return what lists a partition's listings on a day, from the source of beaf.yaml."""
        from beaf_core import universe_getter  # reaches polars

        return universe_getter(partition.spec)

    @property
    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """No functions of its own: its listings are answered by a plugin."""
        return {}

    def _values(self, values: Values | None) -> list[str]:
        raise NotImplementedError

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({given})"


class MICUniverse(_Universe):
    """Venues, a partition each: `mic=XLON`.

    Args:
        whitelist: the venues; None means all that the source knows.
        blacklist: those among them to leave out.
        name: the universe that is asked, for example `mic_siblings`.
    """

    def __init__(
        self,
        whitelist: Iterable[str] | None = None,
        blacklist: Iterable[str] | None = None,
        name: str = "mic",
    ) -> None:
        self.whitelist = None if whitelist is None else _listed(whitelist)
        self.blacklist = _listed(blacklist or ())
        self.name = name

    def _values(self, values: Values | None) -> list[str]:
        venues = _offered(self.name, values) if self.whitelist is None else self.whitelist
        return [each for each in venues if each not in self.blacklist]


class IndexUniverse(_Universe):
    """Indices, a partition each: `index=STOXX600`."""

    name = "index"

    def __init__(self, values: Iterable[str]) -> None:
        self.values = _listed(values)

    def _values(self, values: Values | None) -> list[str]:
        return self.values


class OPOLUniverse(_Universe):
    """Official places of listing, a partition each: `opol=XLON`."""

    name = "opol"

    def __init__(self, values: Iterable[str]) -> None:
        self.values = _listed(values)

    def _values(self, values: Values | None) -> list[str]:
        return self.values


def default_universes(module: ModuleType | None = None) -> list[Any]:
    """List the universes of a pipeline's module: its UNIVERSES, its `whitelist`, or all venues.

    Args:
        module: the pipeline's module, with `UNIVERSES = [...]` or `whitelist = ["XLON", …]`; None
            means every venue that the source knows.
    """
    universes = getattr(module, "UNIVERSES", None)
    if universes is not None:
        return list(universes)
    whitelist = getattr(module, "whitelist", None)
    return [MICUniverse(whitelist)]


def _partition(name: str, value: str) -> UniversePartition:
    partition = parse_universe_spec(f"{name}={value}")
    if partition.name != name:
        raise UsageError(
            f"{value!r} is no single value of the universe {name}",
            remedy="CartProdUniverse intersects two universes",
        )
    return partition


def _listed(values: Iterable[str]) -> list[str]:
    # One value, written without brackets, is not its letters.
    return list(dict.fromkeys([values] if isinstance(values, str) else values))


def _offered(name: str, values: Values | None) -> list[str]:
    if values is not None:
        return values(name)
    from beaf_core import source_values  # reaches the configuration

    return source_values()(name)
