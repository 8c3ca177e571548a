"""Which layers describe a pipeline, and which of them wins?

defaults < `beaf.yaml` < Python `USER_CONFIG` < sibling YAML < `BEAF__…` environment < flags, the
same for the command line, the API and every orchestrator.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from beaf_core.config.errors import ConfigError, Place, Problem
from beaf_core.config.nodes import MERGED_BY_NAME, Node, from_plain, merge, name_of
from beaf_core.config.read import WRAPPER, display, read_python, read_yaml, read_yaml_file, unwrap
from beaf_core.model.errors import UsageError
from beaf_core.plugins.errors import did_you_mean

PROJECT_FILE = "beaf.yaml"
ENVIRONMENT_PREFIX = "BEAF__"


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
) -> LoadedPipeline:
    """Read every layer of a pipeline and merge them.

    Args:
        pipeline: a `.py` or `.yaml` file, an importable module's name, a module, or a mapping.
        sets: `dotted.path=value` overrides, as of `--set`.
        flags: top-level overrides of other flags, already typed (`{"START_DATE": …}`).
        environ: the environment; the process's own by default.
        project: where to look for `beaf.yaml`; the pipeline's folder, or the working directory.

    Raises:
        ConfigError: a layer that cannot be read; every such layer's faults are named.
        UsageError: no such pipeline, or one that raises.
    """
    module, path, own = _own_layers(pipeline)
    start = (project or (path.parent if path else Path.cwd())).resolve()
    project_file = find_project_file(start)
    layers = [read_yaml_file(project_file)] if project_file else []
    layers += own
    tree = _merged(layers)
    environment = os.environ if environ is None else environ
    tree = _laid_over(tree, _environment_overrides(environment))
    tree = _laid_over(tree, [parse_set(text) for text in sets])
    for name, value in (flags or {}).items():
        flag = f"--{name.lower()}"
        place = Place(flag, str(Path.cwd()))
        tree = merge(tree, Node({name: from_plain(value, place, (name,))}, place))
    folder = project_file.parent if project_file else start
    return LoadedPipeline(tree, folder, module, path)


def find_project_file(folder: Path) -> Path | None:
    """Find `beaf.yaml` in a folder or the nearest one above it."""
    for each in (folder, *folder.parents):
        if (each / PROJECT_FILE).is_file():
            return each / PROJECT_FILE
    return None


def _merged(layers: Sequence[Node]) -> Node:
    tree = Node({}, Place("defaults", str(Path.cwd())))
    for layer in layers:
        tree = merge(tree, layer)
    return tree


# -- a pipeline's own layers -------------------------------------------------------------------


def _own_layers(
    pipeline: str | Path | Mapping[str, Any] | ModuleType,
) -> tuple[ModuleType | None, Path | None, list[Node]]:
    if isinstance(pipeline, ModuleType):
        return _module_layers(pipeline)
    if not isinstance(pipeline, str | Path):
        place = Place("the configuration given in Python", str(Path.cwd()))
        return None, None, [unwrap(from_plain(pipeline, place))]
    path = Path(pipeline)
    if path.suffix in {".py", ".yaml", ".yml"}:
        return _file_layers(path)
    if path.is_dir():
        raise UsageError(f"{pipeline} is a folder", remedy="name a pipeline's .py or .yaml file")
    return _module_layers(_import_by_name(str(pipeline)))


def _file_layers(path: Path) -> tuple[ModuleType | None, Path, list[Node]]:
    python = path.with_suffix(".py")
    if not path.is_file():
        others = [each.name for each in path.parent.glob(f"*{path.suffix}")]
        raise UsageError(
            f"there is no pipeline {path}{did_you_mean(path.name, others)}",
            remedy="give the path of a pipeline's .py or .yaml file",
        )
    if python.is_file():
        return _module_layers(load_module(python.resolve()))
    return None, path.resolve(), [read_yaml_file(path.resolve())]


def _module_layers(module: ModuleType) -> tuple[ModuleType | None, Path | None, list[Node]]:
    path = Path(module.__file__).resolve() if module.__file__ else None
    layers: list[Node] = []
    own = getattr(module, WRAPPER, None)
    if own is not None and not (isinstance(own, Mapping) or hasattr(own, "model_dump")):
        raise UsageError(
            f"{display(path) if path else module.__name__}: USER_CONFIG is a "
            f"{type(own).__name__}, not a dict"
        )
    if own is not None:
        if path and isinstance(own, Mapping):
            layers.append(read_python(own, path, path.read_text(encoding="utf-8")))
        else:
            layers.append(from_plain(own, Place(module.__name__, str(Path.cwd()))))
    sibling = _sibling_yaml(path)
    if sibling:
        layers.append(read_yaml_file(sibling))
    if not layers:
        raise UsageError(
            f"{display(path) if path else module.__name__} has no USER_CONFIG "
            "and no YAML file beside it",
            remedy="define USER_CONFIG = {…} in it",
        )
    if _python_wins(module, path):
        layers.reverse()
    return module, path, layers


def _sibling_yaml(path: Path | None) -> Path | None:
    if path is None:
        return None
    found = [
        each for each in (path.with_suffix(".yaml"), path.with_suffix(".yml")) if each.is_file()
    ]
    if len(found) > 1:
        raise UsageError(f"both {found[0]} and {found[1]} exist", remedy="keep one of them")
    return found[0] if found else None


def _python_wins(module: ModuleType, path: Path | None) -> bool:
    choice = getattr(module, "CONFIG_YAML_PRECEDENCE", "yaml_overrides")
    if choice not in {"yaml_overrides", "python_overrides"}:
        raise UsageError(
            f"{display(path) if path else module.__name__}: CONFIG_YAML_PRECEDENCE is {choice!r}",
            remedy="use yaml_overrides or python_overrides",
        )
    return bool(choice == "python_overrides")


def _import_by_name(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and name.startswith(error.name):
            raise UsageError(
                f"there is no pipeline {name!r}",
                remedy="give the path of a pipeline's .py or .yaml file, or a module's name",
            ) from None
        raise UsageError(f"the pipeline {name} cannot be imported: {error}") from error
    except Exception as error:
        raise UsageError(f"the pipeline {name} raises {type(error).__name__}: {error}") from error


def load_module(path: Path) -> ModuleType:
    """Run a pipeline's file as a module of its own, with its folder importable meanwhile.

    Raises:
        UsageError: the file raises; the message has its line.
    """
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    name = f"beaf_pipeline_{path.stem}_{digest}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pickles look their module up by name.
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UsageError(_raised(path, error), remedy="mend the pipeline's file") from error
    finally:
        sys.path.remove(str(path.parent))
    return module


def _raised(path: Path, error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame.lineno for frame in frames if frame.filename == str(path)]
    line = error.lineno if isinstance(error, SyntaxError) else (inside[-1] if inside else None)
    where = display(path) + (f":{line}" if line else "")
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{where}: the pipeline raises {type(error).__name__}: {said}"


# -- environment and flags ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Override:
    path: tuple[str, ...]
    value: Node
    place: Place


def parse_set(text: str) -> _Override:
    """Read `dotted.path=value`, the value as YAML.

    Raises:
        ConfigError: no `=`, or a value that is not YAML.
    """
    dotted_path, equals, value = text.partition("=")
    if not equals or not dotted_path.strip():
        place = Place(f"--set {text}", str(Path.cwd()))
        raise ConfigError([Problem("", "is not PATH=VALUE", place, "write --set a.b=c")])
    return _override(tuple(dotted_path.strip().split(".")), value, f"--set {text}")


def _environment_overrides(environ: Mapping[str, str]) -> list[_Override]:
    return [
        _override(tuple(name.removeprefix(ENVIRONMENT_PREFIX).split("__")), value, f"${name}")
        for name, value in sorted(environ.items())
        if name.startswith(ENVIRONMENT_PREFIX) and name != ENVIRONMENT_PREFIX
    ]


def _override(path: tuple[str, ...], text: str, origin: str) -> _Override:
    place = Place(origin, str(Path.cwd()))
    node = read_yaml(text, place)
    return _Override(path, from_plain(node.plain(), place, path), place)


def _laid_over(tree: Node, overrides: Sequence[_Override]) -> Node:
    # All overrides of one origin are one layer: SOURCE.root may come before SOURCE.type.
    layer: Node | None = None
    for override in overrides:
        layer = merge(layer, _nested(tree, override.path, override))
    return merge(tree, layer) if layer else tree


def _nested(tree: Node | None, path: tuple[str, ...], override: _Override) -> Node:
    """Build the smallest layer that sets one value; passes are addressed by their name."""
    if not path:
        return override.value
    head, rest = path[0], path[1:]
    below = tree.child(head) if tree else None
    if head in MERGED_BY_NAME and rest:
        inner = _named_item(below, head, rest, override)
    else:
        inner = _nested(below, rest, override)
    return Node({head: replace(inner, key_place=override.place)}, override.place)


def _named_item(items: Node | None, head: str, path: tuple[str, ...], override: _Override) -> Node:
    known = items.value if items and isinstance(items.value, list) else []
    found = next((node for node in known if name_of(node) == path[0]), None)
    if found is None:
        names = [name for name in map(name_of, known) if name]
        raise ConfigError(
            [
                Problem(
                    f"{head}.{path[0]}",
                    f'nothing in {head} is named "{path[0]}"{did_you_mean(path[0], names)}',
                    override.place,
                    f"named there: {', '.join(names) or 'nothing'}",
                )
            ]
        )
    item = _nested(found, path[1:], override)
    if not isinstance(item.value, dict):
        raise ConfigError([Problem(f"{head}.{path[0]}", "is a mapping", override.place)])
    name = Node(path[0], override.place, override.place)
    return Node([Node({"name": name, **item.value}, override.place)], override.place)
