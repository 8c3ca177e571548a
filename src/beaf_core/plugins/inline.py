"""How does a pipeline's own Python file count as a plugin, without packaging?"""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from beaf_core.model.dates import absent_day_status, parse_day
from beaf_core.model.errors import AbsentDayError, UsageError
from beaf_core.model.module import AnalyticsModule, Measure
from beaf_core.model.universe import functions_of
from beaf_core.plugins.catalog import OWN_FILE, PluginEntry
from beaf_core.plugins.markers import hookimpl

#: The selector that asks the pipeline's own `get_universe`.
DEFAULT_UNIVERSE = "default"
#: The module that holds measures standing loose in the pipeline's file.
CUSTOM_MODULE = "custom"

# Vendors say this for a day without a session; users have relied on it being skipped.
_SKIPPED = "No data available"


def inline_entries(module: ModuleType) -> list[PluginEntry]:
    """List the plugins that a pipeline's file defines.

    `get_universe` becomes the universe `default`; the functions in `UNIVERSES` become universes of
    their names; every `AnalyticsModule` counts under its name; a function `analytics_module` is
    called; loose `Measure`s form the module `custom`.

    Raises:
        UsageError: something in the file is not what its name says.
    """
    home = getattr(module, "__file__", None) or module.__name__
    entries: list[PluginEntry] = []
    own = getattr(module, "get_universe", None)
    if callable(own):
        values = getattr(module, "universe_values", None)
        entries.append(universe_entry(own, home, values=values))
    entries.extend(_listed_universes(module, home))
    for each in _modules(module):
        entries.append(module_entry(each, home))
    return entries


def module_entry(module: AnalyticsModule, home: str) -> PluginEntry:
    """Make a plugin of a module at hand."""
    return _entry("module", module.name, home, _InlineModule(module))


def universe_entry(
    function: Callable[..., Any],
    home: str,
    *,
    name: str = DEFAULT_UNIVERSE,
    values: Callable[..., Any] | None = None,
) -> PluginEntry:
    """Make a universe of a function that takes any of `date`, `value`, `reference`, `folder`."""
    return _entry("universe", name, home, universe_plugin(function, values))


def universe_plugin(
    function: Callable[..., Any], values: Callable[..., Any] | None = None
) -> object:
    """Make the plugin behind such a universe."""
    return _InlineUniverse(function, values)


def call_by_name(function: Callable[..., Any], arguments: Mapping[str, object]) -> Any:
    """Call a function with those arguments that its signature names (all, if it has `**kwargs`).

    A function whose single positional argument has another name gets the first of them, as
    `get_universe(day)` always has.
    """
    parameters = inspect.signature(function).parameters
    kinds = {each.kind for each in parameters.values()}
    if inspect.Parameter.VAR_KEYWORD in kinds:
        return function(**arguments)
    taken = {name: value for name, value in arguments.items() if name in parameters}
    required = [
        name
        for name, each in parameters.items()
        if each.default is inspect.Parameter.empty
        and each.kind is not inspect.Parameter.VAR_POSITIONAL
        and name not in taken
    ]
    if len(required) == 1 and not taken:
        return function(next(iter(arguments.values())))
    if required:
        offered = ", ".join(arguments)
        raise UsageError(
            f"{function.__name__} asks for {', '.join(required)}, which it is not given",
            remedy=f"take any of {offered}, by name",
        )
    return function(**taken)


def _listed_universes(module: ModuleType, home: str) -> list[PluginEntry]:
    try:
        functions = functions_of(getattr(module, "UNIVERSES", ()))
    except UsageError as error:
        raise UsageError(f"{home}: UNIVERSES: {error.message}", remedy=error.remedy) from error
    return [universe_entry(each, home, name=name) for name, each in functions.items()]


class _InlineUniverse:
    def __init__(
        self, function: Callable[..., Any], values: Callable[..., Any] | None = None
    ) -> None:
        self._function, self._values = function, values

    @hookimpl
    def get_universe(self, date: str, value: str | None, reference: object, folder: Path) -> object:
        arguments = {"date": date, "value": value, "reference": reference, "folder": folder}
        try:
            return call_by_name(self._function, arguments)
        except Exception as error:  # a person's own code may raise anything
            if _SKIPPED in str(error):
                today = dt.datetime.now(dt.UTC).date()
                status = absent_day_status(parse_day(date), today)
                message = f"get_universe has no listings on {date}: {error}"
                raise AbsentDayError(message, status) from error
            raise

    @hookimpl
    def universe_values(self, date: str, reference: object) -> object:
        if self._values is None:
            return []
        return call_by_name(self._values, {"date": date, "reference": reference})


class _InlineModule:
    def __init__(self, module: AnalyticsModule) -> None:
        self._module = module

    @hookimpl
    def analytics_module(self) -> AnalyticsModule:
        return self._module


def _declared(declare: Callable[[], object], home: str) -> AnalyticsModule:
    try:
        answer = declare()
    except Exception as error:  # a person's own code may raise anything
        raise UsageError(
            f"{home}: analytics_module raises {type(error).__name__}: {error}",
            remedy="mend the pipeline's file",
        ) from error
    if not isinstance(answer, AnalyticsModule):
        raise UsageError(
            f"{home}: analytics_module returned a {type(answer).__name__}",
            remedy="return an AnalyticsModule",
        )
    return answer


def _entry(kind: str, name: str, home: str, plugin: object) -> PluginEntry:
    return PluginEntry(kind, name, home, OWN_FILE, "", inline=plugin)


def _modules(module: ModuleType) -> list[AnalyticsModule]:
    members: Iterable[object] = list(vars(module).values())
    found = {each.name: each for each in members if isinstance(each, AnalyticsModule)}
    declared = getattr(module, "analytics_module", None)
    if callable(declared):
        answer = _declared(declared, module.__name__)
        found[answer.name] = answer
    loose = {each.name: each for each in members if isinstance(each, Measure)}
    if loose:
        measures = list(loose.values())
        found[CUSTOM_MODULE] = AnalyticsModule(
            CUSTOM_MODULE, measures=lambda _options: measures, doc="Measures of the pipeline's file"
        )
    return list(found.values())
