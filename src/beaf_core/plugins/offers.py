"""What does a module offer beside its measures: examples of them, and a catalogue?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from beaf_core.model.module import AnalyticsModule, Example
from beaf_core.plugins.answers import kind_of
from beaf_core.plugins.errors import PluginAnswerError, asking

if TYPE_CHECKING:
    from beaf_core.plugins.catalog import PluginEntry

T = TypeVar("T")


def examples_of(entry: PluginEntry, module: AnalyticsModule, options: Any) -> list[Example]:
    """Ask a module for the examples of its measures."""
    return _asked(entry, "examples", lambda: module.examples(options), Example)


def catalogue_of(entry: PluginEntry, module: AnalyticsModule) -> list[Any]:
    """Ask a module for options that, together, yield everything it can."""
    return _asked(entry, "catalogue", module.catalogue, module.Config or object)


def _asked(
    entry: PluginEntry, what: str, ask: Callable[[], Iterable[Any]], kind: type[T]
) -> list[T]:
    with asking(entry, f"analytics_module, in its {what}"):
        answer = list(ask())
    odd = [each for each in answer if not isinstance(each, kind)]
    if odd:
        reason = f"{kind_of(odd[0])} stands in its {what}, where a {kind.__name__} belongs"
        raise PluginAnswerError(entry, "analytics_module", reason)
    return answer
