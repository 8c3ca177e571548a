"""Which pipelines are there, each loaded once, and what is wrong with those that cannot be?"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from beaf_core import BeafError, UsageError, prepare_pipeline

if TYPE_CHECKING:
    from beaf_core import AnalyticsConfig
    from beaf_core.prepare import PreparedPipeline

#: What a pipeline can be given as: a package or a module, by name or imported, a folder, a file.
Package = str | Path | ModuleType

_SUFFIXES = (".py", ".yaml", ".yml")
#: Files beside pipelines that are none.
_NO_PIPELINES = ("beaf.yaml", "__init__.py", "conftest.py")

log = logging.getLogger("beaf.dagster")


@dataclass(frozen=True)
class Pipeline:
    """A pipeline as Dagster sees it.

    Attributes:
        package: the folder or package that it was found in; the first part of its asset's key.
        path: its file.
        prepared: its checked configuration; None where it cannot be loaded.
        fault: why it cannot be loaded.
    """

    package: str
    path: Path
    prepared: PreparedPipeline | None = None
    fault: BeafError | None = None

    @property
    def group(self) -> str:
        """Its name in groups and keys: `demo01_ohlcv_bars` for `demo/01_ohlcv_bars.py`."""
        name = _identifier(self.path.stem)
        return f"{self.package}{name}" if name[:1].isdigit() else name

    @property
    def ready(self) -> PreparedPipeline:
        """Its checked configuration.

        Raises:
            BeafError: it cannot be loaded.
        """
        if self.prepared is None:
            assert self.fault is not None
            raise self.fault
        return self.prepared

    @property
    def config(self) -> AnalyticsConfig:
        """The fields of its configuration."""
        return self.ready.resolved.config

    @property
    def module(self) -> ModuleType | None:
        """Its Python module, if it has one."""
        return self.ready.loaded.module

    @cached_property
    def digest(self) -> str:
        """A short digest of its merged configuration; changes with anything that a person sets."""
        text = json.dumps(self.ready.loaded.tree.plain(), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def find_pipelines(package: Package) -> list[Pipeline]:
    """Load every pipeline of a package, a folder, a module or a file; broken ones keep their fault.

    A name that is a folder below the working directory is that folder, and need not be importable.

    Raises:
        UsageError: there is no such thing, or no pipeline in it.
    """
    name, files = _files_of(package)
    if not files:
        raise UsageError(
            f"{package} holds no pipeline",
            remedy="put a .py file with USER_CONFIG, or a .yaml file with PASSES, into it",
        )
    return [load_pipeline(each, name) for each in files]


def load_pipeline(path: Path, package: str | None = None) -> Pipeline:
    """Load one pipeline; one that cannot be loaded keeps its fault, and is logged.

    Args:
        path: its file.
        package: the first part of its asset's key; the name of its folder by default.
    """
    package = package or _identifier(path.resolve().parent.name)
    try:
        return Pipeline(package, path, prepare_pipeline(path))
    except BeafError as fault:
        log.error("the pipeline %s cannot be loaded: %s", path, fault)
        return Pipeline(package, path, fault=fault)


def _files_of(package: Package) -> tuple[str, list[Path]]:
    if isinstance(package, ModuleType):
        return _of_module(package)
    path = Path(package)
    if path.is_dir():
        return _identifier(path.resolve().name), sorted(_in_folder(path))
    if path.suffix in _SUFFIXES:
        if not path.is_file():
            raise UsageError(f"there is no pipeline {package}", remedy="name its file")
        return _identifier(path.resolve().parent.name), [path]
    try:
        return _of_module(import_module(str(package)))
    except ImportError as error:
        raise UsageError(
            f"{package} is neither a folder below {Path.cwd()} nor a package: {error}",
            remedy="name a folder of pipelines, a pipeline's file, or an importable package",
        ) from error


def _of_module(module: ModuleType) -> tuple[str, list[Path]]:
    folders = getattr(module, "__path__", None)
    if folders is not None:
        name = module.__name__.rpartition(".")[2]
        return name, sorted(each for folder in folders for each in _in_folder(Path(folder)))
    path = getattr(module, "__file__", None)
    if path is None:
        raise UsageError(f"the module {module.__name__} has no file", remedy="write it to one")
    parent = module.__name__.rpartition(".")[0]
    return _identifier(parent or Path(path).resolve().parent.name), [Path(path)]


def _in_folder(folder: Path) -> Iterator[Path]:
    """Yield the pipelines of a folder, each once: a YAML beside a Python file is a layer of it."""
    for path in folder.iterdir():
        if path.suffix not in _SUFFIXES or path.name in _NO_PIPELINES or not path.is_file():
            continue
        is_layer = path.suffix != ".py" and path.with_suffix(".py").exists()
        if not is_layer and _may_be_pipeline(path):
            yield path


def holds_pipelines(folder: Path) -> bool:
    """Say whether a folder holds a pipeline; none is loaded to find out."""
    return any(True for _ in _in_folder(folder))


def _may_be_pipeline(path: Path) -> bool:
    """Say whether a file looks like a pipeline; nothing is run to find out."""
    if path.name.startswith((".", "_")):
        return False
    text = path.read_text(errors="replace")
    own = "USER_CONFIG" in text or (path.suffix != ".py" and "PASSES" in text)
    return own or any(path.with_suffix(each).exists() for each in (".yaml", ".yml"))


def _identifier(text: str) -> str:
    """Turn a file's name into what Dagster takes as one: letters, digits and underscores."""
    kept = "".join(each if each.isascii() and each.isalnum() else "_" for each in text)
    return kept or "_"


def as_pipelines(pkg: Any) -> list[Pipeline]:
    """Read what a factory is given: pipelines that are loaded already, or where to find them."""
    if isinstance(pkg, Pipeline):
        return [pkg]
    if isinstance(pkg, list | tuple):
        return [found for each in pkg for found in as_pipelines(each)]
    return find_pipelines(pkg)
