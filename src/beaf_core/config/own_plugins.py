"""Which plugins do a pipeline's own files define? Its Python file, and `universes/` beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType

from beaf_core.config.pipeline_module import load_module
from beaf_core.config.read import display
from beaf_core.model.errors import UsageError
from beaf_core.plugins.catalog import OWN_FILE, PluginEntry
from beaf_core.plugins.inline import inline_entries, universe_plugin

#: The folder, beside a pipeline or a project's `beaf.yaml`, whose modules are universes.
UNIVERSES_FOLDER = "universes"

#: Names that can stand in a selector; others, such as `__init__`, are helpers.
_NAME = re.compile(r"[^\W_][\w-]*")


def own_entries(module: ModuleType | None, path: Path | None, project: Path) -> list[PluginEntry]:
    """List the plugins that a pipeline's own files define.

    Args:
        module: its Python module, if it has one.
        path: its file, if it has one; universe modules beside it come before the project's.
        project: the home of outputs and manifests.

    Raises:
        UsageError: a function and a universe module bear one name.
    """
    inline = [] if module is None else inline_entries(module)
    folders = dict.fromkeys([*([path.parent] if path else []), project])
    found = {each.address: each for folder in reversed(folders) for each in _modules_in(folder)}
    _refuse_twice(inline, found)
    return [*inline, *found.values()]


def _modules_in(folder: Path) -> Iterator[PluginEntry]:
    """List the universe modules of a folder; each is run only when it is named."""
    for file in sorted((folder / UNIVERSES_FOLDER).glob("*.py")):
        if _NAME.fullmatch(file.stem) and file.is_file():
            loads = partial(_load, file, folder)
            yield PluginEntry("universe", file.stem, str(file), OWN_FILE, "", loads=loads)


def _load(file: Path, folder: Path) -> object:
    module = load_module(file, folder, what="the universe")
    function = getattr(module, "get_universe", None)
    if not callable(function):
        raise UsageError(
            f"{display(file)} has no get_universe, so it is no universe",
            remedy="define get_universe(date, value) in it, or name the file with a leading _",
        )
    return universe_plugin(function, getattr(module, "universe_values", None))


def _refuse_twice(inline: Iterable[PluginEntry], found: Mapping[str, PluginEntry]) -> None:
    for each in inline:
        if each.address in found:
            raise UsageError(
                f'the universe "{each.name}" is defined twice: in {display(Path(each.value))} '
                f"and in {display(Path(found[each.address].value))}",
                remedy="give one of them another name",
            )
