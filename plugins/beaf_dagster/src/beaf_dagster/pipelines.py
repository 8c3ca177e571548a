"""Which pipelines are there, each loaded anew, and what is wrong with those that cannot be?"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Union

from beaf_core import BeafError, UsageError, did_you_mean, pass_digest, prepare_pipeline

if TYPE_CHECKING:
    from beaf_core import AnalyticsConfig
    from beaf_core.config.resolved import ResolvedPass
    from beaf_core.prepare import PreparedPipeline

#: What a pipeline can be given as: a package or a module, by name or imported, a folder, a file.
Package = str | Path | ModuleType
#: What every factory takes: such a thing, a pipeline that is loaded already, or several of them.
Pipelines = Union[Package, "Pipeline", Sequence["Pipelines"]]

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
        name = identifier(self.path.stem)
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

    @property
    def passes(self) -> tuple[ResolvedPass, ...]:
        """Its passes, in the order in which they are written."""
        return self.ready.resolved.passes

    @cached_property
    def pass_digests(self) -> dict[str, str]:
        """Pass → a digest of all that its rows depend on but data: the `code_version`."""
        resolved = self.ready.resolved
        return {each.name: pass_digest(resolved, each) for each in resolved.passes}

    @cached_property
    def digest(self) -> str:
        """One digest for all passes: the `code_version` of a pipeline that is one asset.

        It changes with what makes outputs stale, and with nothing else: not with SCHEDULES,
        LAUNCHER, LOGGING_LEVEL, BMLL_JOBS, workers or memory.
        """
        text = "\n".join(self.pass_digests.values())
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def as_pipelines(pkg: Pipelines) -> list[Pipeline]:
    """Read what a factory is given: pipelines that are loaded already, or where to find them.

    Raises:
        UsageError: there is no such thing, or no pipeline in it.
    """
    if isinstance(pkg, Pipeline):
        return [pkg]
    if isinstance(pkg, str | Path | ModuleType):
        return find_pipelines(pkg)
    if not isinstance(pkg, Iterable):
        raise UsageError(
            f"a {type(pkg).__name__} names no pipelines",
            remedy="give a package, a module, a folder, a pipeline's file, or a list of these",
        )
    return [found for each in pkg for found in as_pipelines(each)]


def find_pipelines(package: Package) -> list[Pipeline]:
    """Load every pipeline of a package, a folder, a module or a file; broken ones keep their fault.

    A name that is a folder or a file below the working directory means that, and need not be
    importable. A package itself is never imported: its files are read as they stand now.

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
    package = package or identifier(path.resolve().parent.name)
    try:
        return Pipeline(package, path, prepare_pipeline(path))
    except BeafError as error:
        fault = error
    except Exception as error:  # noqa: BLE001 — a person's code, and that of any plugin, ran
        fault = _unforeseen(error)
    told = with_place(fault, path)
    log.error("a pipeline cannot be loaded: %s", told)
    return Pipeline(package, path, fault=told)


def with_place(fault: BeafError, path: Path) -> BeafError:
    """Name the file in a fault that does not say where it is."""
    shown = _display(path)
    if shown in fault.message or str(path) in fault.message:
        return fault
    told = UsageError(f"{shown}: {fault.message}", remedy=fault.remedy)
    told.exit_code = fault.exit_code
    return told


def identifier(text: str) -> str:
    """Turn a file's name into what Dagster takes as one: letters, digits and underscores."""
    kept = "".join(each if each.isascii() and each.isalnum() else "_" for each in text)
    return kept or "_"


def _unforeseen(error: Exception) -> BeafError:
    log.debug("loading a pipeline raised", exc_info=error)
    fault = UsageError(
        f"loading it raises {type(error).__name__}: {error}",
        remedy="mend the file, or the plugin that it names; LOGGING_LEVEL: DEBUG shows where",
    )
    fault.__cause__ = error
    return fault


# -- files -------------------------------------------------------------------------------------


def _files_of(package: Package) -> tuple[str, list[Path]]:
    if isinstance(package, ModuleType):
        return _of_spec(_spec_of(package))
    path = Path(package)
    if path.is_dir():
        return _of_folder(path)
    if path.suffix in _SUFFIXES:
        if not path.is_file():
            raise _no_file(path)
        return identifier(path.resolve().parent.name), [path]
    dotted = Path(*str(package).split("."))
    if dotted.is_dir():
        return _of_folder(dotted)
    if dotted.with_suffix(".py").is_file():
        return _files_of(dotted.with_suffix(".py"))
    return _of_spec(_found(str(package)))


def _no_file(path: Path) -> UsageError:
    others = [each.name for each in path.parent.glob("*") if each.suffix in _SUFFIXES]
    return UsageError(
        f"there is no pipeline {path}{did_you_mean(path.name, others)}", remedy="name its file"
    )


def _of_folder(path: Path) -> tuple[str, list[Path]]:
    return identifier(path.resolve().name), sorted(_in_folder(path))


def _spec_of(module: ModuleType) -> ModuleSpec:
    spec = module.__spec__
    if spec is not None:
        return spec
    path = getattr(module, "__file__", None)
    if path is None:
        raise UsageError(f"the module {module.__name__} has no file", remedy="write it to one")
    return ModuleSpec(module.__name__, None, origin=path)


def _found(name: str) -> ModuleSpec:
    """Find a module without running it; packages around it are imported, as Python does.

    Raises:
        UsageError: there is none, or a package around it raises.
    """
    importlib.invalidate_caches()
    try:
        spec = importlib.util.find_spec(name)
    except Exception as error:  # importing a person's package may raise anything; told on
        raise _not_importable(name, f": {error}") from error
    if spec is None:
        raise _not_importable(name)
    return spec


def _not_importable(name: str, why: str = "") -> UsageError:
    return UsageError(
        f"{name} is neither a folder below {Path.cwd()} nor a package that can be imported{why}",
        remedy="name a folder of pipelines, a pipeline's file, or an importable package",
    )


def _of_spec(spec: ModuleSpec) -> tuple[str, list[Path]]:
    folders = spec.submodule_search_locations
    if folders is not None:
        name = spec.name.rpartition(".")[2]
        return name, sorted(each for folder in folders for each in _in_folder(Path(folder)))
    path = spec.origin
    if path is None or not Path(path).is_file():
        raise UsageError(f"the module {spec.name} has no file", remedy="write it to one")
    parent = spec.name.rpartition(".")[0].rpartition(".")[2]
    return parent or identifier(Path(path).resolve().parent.name), [Path(path)]


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
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return True  # loading it says why it cannot be read
    own = "USER_CONFIG" in text or (path.suffix != ".py" and "PASSES" in text)
    return own or any(path.with_suffix(each).exists() for each in (".yaml", ".yml"))


def _display(path: Path) -> str:
    """Render a path as a person would type it: relative where it lies below the working folder."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
