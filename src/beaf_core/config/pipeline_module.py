"""How is a pipeline's Python code run, and what is told of one that fails?"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from beaf_core.config.read import display
from beaf_core.model.errors import UsageError
from beaf_core.plugins.errors import did_you_mean

SUFFIXES = (".py", ".yaml", ".yml")


class _AsItStands(SourceFileLoader):
    """Compiles a file anew: bytecode in `__pycache__` is told apart by second and size alone."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def load_module(
    path: Path, folder: Path | None = None, *, what: str = "the pipeline"
) -> ModuleType:
    """Run a pipeline's file as a module of its own, with its folder importable meanwhile.

    Args:
        path: the file.
        folder: another folder that is importable meanwhile.
        what: what to call it in messages.

    Raises:
        UsageError: the file raises; the message has its line.
    """
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    name = f"beaf_pipeline_{path.stem}_{digest}"
    spec = importlib.util.spec_from_file_location(name, path, loader=_AsItStands(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pickles look their module up by name.
    sys.modules[name] = module
    try:
        with _importable(folder or path.parent), _importable(path.parent):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise _raised(error, path, what) from error
    return module


def import_module(name: str) -> ModuleType:
    """Import a pipeline by its module's name, from the working folder too.

    Raises:
        UsageError: there is no such module, or it raises.
    """
    try:
        with _importable(Path.cwd()):
            return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        absent = error.name if isinstance(error, ModuleNotFoundError) else None
        if absent and f"{name}.".startswith(f"{absent}."):
            raise no_pipeline(Path(name)) from None
        raise _raised(error) from error


def no_pipeline(path: Path) -> UsageError:
    """Say that there is no such pipeline, with the nearest file that there is."""
    others = sorted(each.name for each in path.parent.glob("*") if each.suffix in SUFFIXES)
    return UsageError(
        f"there is no pipeline {path}{did_you_mean(path.name, others)}",
        remedy="give the path of a pipeline's .py or .yaml file, or the name of a Python module",
    )


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    entry = str(folder)
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # the pipeline may have taken it out
            sys.path.remove(entry)


def _raised(
    error: BaseException, path: Path | None = None, what: str = "the pipeline"
) -> UsageError:
    return UsageError(told(error, f"{what} raises", path), remedy=f"mend {what}'s file")


def told(error: BaseException, what: str, path: Path | None = None) -> str:
    """Describe what a pipeline's code raised, with the line of it that a person can mend."""
    file, line = _origin(error, path)
    where = f"{display(Path(file))}:{line}: " if file else ""
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{where}{what} {type(error).__name__}{f': {said}' if said else ''}"


def _origin(error: BaseException, path: Path | None) -> tuple[str | None, int | None]:
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    outside = [each for each in frames if not each.filename.startswith("<frozen")]
    own = [each for each in outside if path is not None and each.filename == str(path)]
    frame = (own or outside)[-1]
    return (None, None) if frame.filename == __file__ else (frame.filename, frame.lineno)
