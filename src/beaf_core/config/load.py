"""Which layers describe a pipeline, and which of them wins?

defaults < `beaf.yaml` < Python `USER_CONFIG` < sibling YAML < `BEAF__…` environment < flags, the
same for the command line, the API and every orchestrator.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from beaf_core.config.errors import ConfigError, Place, Problem, collected
from beaf_core.config.literals import read_python
from beaf_core.config.nodes import Node, from_plain, merge
from beaf_core.config.overrides import lay_over, read_environment, read_sets
from beaf_core.config.pipeline_module import SUFFIXES, import_module, load_module, no_pipeline
from beaf_core.config.read import WRAPPER, display, read_yaml_file, read_yaml_text, unwrap
from beaf_core.model.errors import UsageError
from beaf_core.plugins.errors import did_you_mean

PROJECT_FILE = "beaf.yaml"

_CHOICES = ("yaml_overrides", "python_overrides")

#: Reads one layer; raises ConfigError.
Layer = Callable[[], Node]


@dataclass(frozen=True, slots=True)
class LoadedPipeline:
    """A pipeline's merged configuration, not yet checked.

    Attributes:
        tree: the merged layers, every value with its place.
        project: the folder of `beaf.yaml`, else of the pipeline; home of outputs and manifests.
        module: the pipeline's Python module, if it has one.
        path: the pipeline's file, if it has one.
    """

    tree: Node
    project: Path
    module: ModuleType | None = None
    path: Path | None = None


def load_pipeline(
    pipeline: str | Path | Mapping[str, Any] | ModuleType,
    *,
    sets: Sequence[str] = (),
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    project: Path | None = None,
    yaml_text: str | None = None,
) -> LoadedPipeline:
    """Read every layer of a pipeline and merge them.

    Args:
        pipeline: a `.py` or `.yaml` file, an importable module's name, a module, or a mapping.
        sets: `dotted.path=value` overrides, as of `--set`.
        flags: top-level overrides of other flags, already typed (`{"START_DATE": …}`).
        environ: the environment; the process's own by default.
        project: where to look for `beaf.yaml`; the pipeline's folder, or the working directory.
        yaml_text: what is to stand in the pipeline's YAML file; what stands there, if None.

    Raises:
        ConfigError: a layer that cannot be read; every such layer's faults are named.
        UsageError: no such pipeline, or one that raises.
    """
    own = _own(pipeline, yaml_text)
    start = (project or (own.path.parent if own.path else Path.cwd())).resolve()
    file = find_project_file(start)
    problems: list[Problem] = []
    tree = Node({}, Place("defaults", str(Path.cwd())))
    for layer in [*_project_layers(file, own.path), *own.layers]:
        with collected(problems):
            tree = merge(tree, layer())
    with collected(problems):
        tree = lay_over(tree, read_environment(os.environ if environ is None else environ))
    with collected(problems):
        tree = lay_over(tree, read_sets(sets))
    if problems:
        raise ConfigError(problems)
    tree = _with_flags(tree, flags or {})
    return LoadedPipeline(tree, file.parent if file else start, own.module, own.path)


def find_project_file(folder: Path) -> Path | None:
    """Find `beaf.yaml` in a folder or the nearest one above it."""
    for each in (folder, *folder.parents):
        if (each / PROJECT_FILE).is_file():
            return each / PROJECT_FILE
    return None


def _project_layers(file: Path | None, pipeline: Path | None) -> list[Layer]:
    # A project file may be run as a pipeline itself; it is one layer all the same.
    return [] if file is None or file == pipeline else [lambda: read_yaml_file(file)]


def _with_flags(tree: Node, flags: Mapping[str, Any]) -> Node:
    one_day = flags.get("START_DATE") is not None and flags["START_DATE"] == flags.get("END_DATE")
    for name, value in flags.items():
        # --date sets both ends; a fault points to what was typed.
        flag = "--date" if one_day and name in ("START_DATE", "END_DATE") else f"--{name.lower()}"
        place = Place(flag, str(Path.cwd()))
        # The root keeps its own place: a fault of a default is not a fault of the flag.
        tree = replace(merge(tree, Node({name: from_plain(value, place)}, place)), place=tree.place)
    return tree


# -- a pipeline's own layers -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Own:
    """A pipeline's own layers, lowest first."""

    layers: Sequence[Layer]
    module: ModuleType | None = None
    path: Path | None = None


def _own(
    pipeline: str | Path | Mapping[str, Any] | ModuleType, yaml_text: str | None = None
) -> _Own:
    if isinstance(pipeline, ModuleType):
        return _of_module(pipeline, yaml_text)
    if not isinstance(pipeline, str | Path):
        return _Own([lambda: _given(pipeline)])
    path = Path(pipeline)
    if path.is_dir():
        raise UsageError(f"{pipeline} is a folder", remedy="name a pipeline's .py or .yaml file")
    if path.suffix in SUFFIXES:
        return _of_file(path, yaml_text)
    return _of_module(import_module(str(pipeline)), yaml_text)


def _given(pipeline: Mapping[str, Any]) -> Node:
    node = from_plain(pipeline, Place("the configuration given in Python", str(Path.cwd())))
    if not isinstance(node.value, dict):
        raise UsageError(
            f"a {type(pipeline).__name__} is not a pipeline",
            remedy="give a file, a module or its name, a mapping, or an AnalyticsConfig",
        )
    return unwrap(node)


def _of_file(path: Path, yaml_text: str | None) -> _Own:
    if not path.is_file():
        raise no_pipeline(path)
    file = path.resolve()
    python = file.with_suffix(".py")
    if python.is_file():
        return _of_module(load_module(python), yaml_text)
    return _Own([_yaml_layer(file, yaml_text)], path=file)


def _of_module(module: ModuleType, yaml_text: str | None) -> _Own:
    file = getattr(module, "__file__", None)
    path = Path(file).resolve() if file else None
    name = display(path) if path else module.__name__
    layers: list[Layer] = []
    if getattr(module, WRAPPER, None) is not None:
        layers.append(lambda: _user_config(module, path, name))
    sibling = _sibling_yaml(path)
    if sibling is None and path is not None and yaml_text is not None:
        sibling = path.with_suffix(".yaml")
    if sibling:
        layers.append(_yaml_layer(sibling, yaml_text))
    if not layers:
        raise UsageError(
            f"{name} has no USER_CONFIG and no YAML file beside it",
            remedy="define USER_CONFIG = {…} in it",
        )
    if _python_wins(module, name):
        layers.reverse()
    return _Own(layers, module, path)


def _yaml_layer(file: Path, text: str | None) -> Layer:
    return lambda: read_yaml_file(file) if text is None else read_yaml_text(text, file)


def _user_config(module: ModuleType, path: Path | None, name: str) -> Node:
    own = getattr(module, WRAPPER)
    if path and isinstance(own, Mapping):
        return read_python(own, path)
    node = from_plain(own, Place(name, str(path.parent if path else Path.cwd())))
    if not isinstance(node.value, dict):
        kind = type(own).__name__
        raise UsageError(
            f"{name}: USER_CONFIG is a {kind}, not a dict",
            remedy="define USER_CONFIG = {…} in it",
        )
    return node


def _sibling_yaml(path: Path | None) -> Path | None:
    if path is None:
        return None
    siblings = (path.with_suffix(suffix) for suffix in (".yaml", ".yml"))
    found = [each for each in siblings if each.is_file()]
    if len(found) > 1:
        raise UsageError(
            f"both {display(found[0])} and {display(found[1])} exist", remedy="keep one of them"
        )
    return found[0] if found else None


def _python_wins(module: ModuleType, name: str) -> bool:
    choice = getattr(module, "CONFIG_YAML_PRECEDENCE", "yaml_overrides")
    if choice not in _CHOICES:
        raise UsageError(
            f"{name}: CONFIG_YAML_PRECEDENCE is {choice!r}{did_you_mean(str(choice), _CHOICES)}",
            remedy="use yaml_overrides or python_overrides",
        )
    return bool(choice == "python_overrides")
