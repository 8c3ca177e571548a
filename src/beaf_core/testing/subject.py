"""Which plugin is under test: an installed one, or an object at hand?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from beaf_core import PluginEntry, PluginHost


@dataclass(frozen=True, slots=True)
class Subject:
    """A plugin that can be asked: a host, and the kind and name to address."""

    host: PluginHost
    kind: str
    name: str

    def options(self, values: object) -> Any:
        """Validate options as the configuration would; an instance of `Config` is taken as is.

        `type` is filled in where the model has such a field, as it stands in SOURCE.
        """
        model = self.host.config_model(self.kind, self.name)
        if model is None:
            assert values is None, f'the {self.kind} "{self.name}" has no Config to fill'
            return None
        if isinstance(values, model):
            return values
        given = dict(values) if isinstance(values, Mapping) else {}
        if "type" in model.model_fields:
            given.setdefault("type", self.name)
        return model.model_validate(given)


def host_with(**plugins: Mapping[str, object]) -> PluginHost:
    """Return a host that also knows objects at hand: `host_with(universe={"acme": module})`.

    Args:
        plugins: kind → name → plugin. They come before installed ones of the same name.
    """
    entries = [
        _entry(kind, name, plugin)
        for kind, named in plugins.items()
        for name, plugin in named.items()
    ]
    return PluginHost().with_inline(entries)


def subject(kind: str, plugin: object, name: str | None = None) -> Subject:
    """Find the plugin under test, load it, and check what can be checked without asking it.

    Args:
        kind: universe, source, module, output, launcher, area or command.
        plugin: the name of an installed plugin, or the object (usually the module) itself.
        name: the name to address an object by.

    Raises:
        PluginError: it cannot be found or loaded, or lacks a hook of its kind.
    """
    if isinstance(plugin, str):
        found = Subject(PluginHost(), kind, plugin)
    else:
        known = name or _own_name(kind, plugin)
        found = Subject(host_with(**{kind: {known: plugin}}), kind, known)
    found.host.check(found.host.catalog.find(kind, found.name))
    return found


def _entry(kind: str, name: str, plugin: object) -> PluginEntry:
    value = str(getattr(plugin, "__name__", type(plugin).__name__))
    return PluginEntry(kind, name, value, "the plugin under test", "", inline=plugin)


def _own_name(kind: str, plugin: object) -> str:
    # A module must bear the name of its entry point; an object at hand has none but its own.
    declare = getattr(plugin, "analytics_module", None)
    if kind == "module" and callable(declare):
        return str(getattr(declare(), "name", "tested"))
    return "tested"
