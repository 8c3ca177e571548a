"""Does a test fail when a measure is made wrong? Flips signs, sides, edges and kinds, one by one.

    python scripts/mutate_measures.py [AREA …] [--jobs 2] [--seconds 60] [--list]

An area is a folder or file of `plugins/beaf_analytics/src/beaf_analytics`, such as `trade`,
`execution` or `trade/impact.py`, one file of an area; its tests are
`plugins/beaf_analytics/tests/<area>/` or `test_<area>.py`. Each mutant is one change to one place
of one file. It is compiled in a child process, forked before polars has started its threads, which
runs the tests of the area: a mutant that no test fails on survives.

General mutation tools change what stands inside functions, and fork after the first test; measures
are made of expressions at the top of modules, and polars does not survive such a fork.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent / "plugins" / "beaf_analytics"
SOURCE, TESTS = ROOT / "src" / "beaf_analytics", ROOT / "tests"

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
_SIDES = {
    "Bid": "Ask", "Ask": "Bid", "Buy": "Sell", "Sell": "Buy", "First": "Last", "Last": "First",
    "Min": "Max", "Max": "Min", "Pre": "Post", "Post": "Pre", "Lit": "Dark", "Dark": "Lit",
}  # fmt: skip
_NAMES = {
    "FIRST": "LAST", "LAST": "FIRST", "MIN": "MAX", "MAX": "MIN", "SUM": "MAX", "MEAN": "MEDIAN",
    "MEDIAN": "MEAN", "STATE_FIRST": "STATE_LAST", "STATE_LAST": "STATE_FIRST",
    "STATE_MIN": "STATE_MAX", "STATE_MAX": "STATE_MIN", "TIME_WEIGHTED": "MEAN",
    "min_horizontal": "max_horizontal", "max_horizontal": "min_horizontal",
    "any_horizontal": "all_horizontal", "all_horizontal": "any_horizontal",
    "forward_fill": "backward_fill",
}  # fmt: skip
#: Words for people: what they say is read, not computed.
_TOLD = {
    "doc",
    "formula",
    "source",
    "unit",
    "description",
    "remedy",
    "version",
    "title",
    "examples",
}
#: Calls whose arguments are words for people, or annotations.
_SAYING = {"UsageError", "ValueError", "TypeError", "Literal", "ConfigDict"}


@dataclass(frozen=True)
class Mutant:
    """One change to one file.

    Attributes:
        path: the file.
        line: where.
        change: what, for a person.
        code: the changed module.
    """

    path: Path
    line: int
    change: str
    code: ast.Module

    def __str__(self) -> str:
        return f"{self.path.relative_to(SOURCE)}:{self.line}: {self.change}"


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for number, node in enumerate(_computing(tree)):
        for kind, change in _changes(node):
            changed = copy.deepcopy(tree)
            twin = next(each for n, each in enumerate(_computing(changed)) if n == number)
            _apply(twin, kind)
            ast.fix_missing_locations(changed)
            yield Mutant(path, getattr(node, "lineno", 0), change, changed)


def _computing(node: ast.AST) -> Iterator[ast.AST]:
    """Walk over what computes something: no docstrings, annotations or words for people."""
    yield node
    for child in _children(node):
        yield from _computing(child)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    for name, value in ast.iter_fields(node):
        if name in {
            "annotation",
            "returns",
            "decorator_list",
            "type_params",
            "bases",
            "type_comment",
        }:
            continue
        items = value if isinstance(value, list) else [value]
        for item in items:
            if isinstance(item, ast.AST) and not _says(item):
                yield item


def _says(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant(value=str())) | ast.Raise() | ast.JoinedStr():
            found = True
        case ast.Import() | ast.ImportFrom() | ast.AnnAssign(value=None):
            found = True
        case ast.keyword(arg=str(name)):
            found = name in _TOLD
        case ast.Call(func=ast.Name(id=name)):
            found = name in _SAYING
        case ast.Subscript(value=ast.Name(id=name)):
            found = name in {"Literal", "Annotated"}
        case ast.BinOp(op=ast.BitOr(), right=ast.Constant(value=None)):  # a type
            found = True
        case ast.If(test=ast.Name(id=name)):
            found = name == "TYPE_CHECKING"
        case _:
            found = False
    return found


def _changes(node: ast.AST) -> Iterator[tuple[str, str]]:
    match node:
        case ast.BinOp(op=op) if type(op) in _SWAPPED:
            yield "operator", f"{_word(_SWAPPED[type(op)]())} for {_word(op)}: {_text(node)}"
        case ast.Compare(ops=[op]) if type(op) in _SWAPPED:
            yield "operator", f"{_word(_SWAPPED[type(op)]())} for {_word(op)}: {_text(node)}"
        case ast.UnaryOp(op=ast.USub() | ast.Invert()):
            yield "drop", f"without its sign: {_text(node)}"
        case ast.Constant(value=bool()):
            yield "flip", f"not {node.value}"
        case ast.Constant(value=int() | float()):
            yield "next", f"{node.value} + 1"
        case ast.Constant(value=str(text)) if any(side in text for side in _SIDES):
            yield "side", f"{_other_side(text)!r} for {text!r}"
        case ast.Attribute(attr=name) if name in _NAMES:
            yield "name", f"{_NAMES[name]} for {name}"


def _apply(node: Any, kind: str) -> None:
    match kind:
        case "operator" if isinstance(node, ast.Compare):
            node.ops = [_SWAPPED[type(node.ops[0])]()]
        case "operator":
            node.op = _SWAPPED[type(node.op)]()
        case "drop":
            inside = node.operand
            node.__class__, node.__dict__ = type(inside), vars(inside)
        case "flip":
            node.value = not node.value
        case "next":
            node.value = node.value + 1
        case "side":
            node.value = _other_side(node.value)
        case "name":
            node.attr = _NAMES[node.attr]


def _other_side(text: str) -> str:
    side = next(each for each in _SIDES if each in text)
    return text.replace(side, _SIDES[side])


def _word(operator: ast.AST) -> str:
    return type(operator).__name__


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 70 else f"{text[:67]}…"


# -- running -----------------------------------------------------------------------------------


class _Mutated(MetaPathFinder, Loader):
    """Gives the changed code where the module is imported."""

    def __init__(self, mutant: Mutant) -> None:
        parts = mutant.path.relative_to(SOURCE.parent).with_suffix("").parts
        self._package = parts[-1] == "__init__"
        self._name = ".".join(parts[:-1] if self._package else parts)
        self._mutant = mutant

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != self._name:
            return None
        spec = spec_from_loader(name, self, is_package=self._package)
        if spec is not None and self._package:
            spec.submodule_search_locations = [str(self._mutant.path.parent)]
        return spec

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self._mutant.path)
        exec(compile(self._mutant.code, str(self._mutant.path), "exec"), vars(module))


def _fails(mutant: Mutant | None, tests: Sequence[str], seconds: float) -> bool:
    """Run the tests in a child, with the mutant in place; say whether one fails."""
    child = os.fork()
    if child == 0:
        os._exit(_child(mutant, tests))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) != 0
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True  # it never ends: a person would notice


def _child(mutant: Mutant | None, tests: Sequence[str]) -> int:
    os.chdir(ROOT.parent.parent)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    if mutant is not None:
        sys.meta_path.insert(0, _Mutated(mutant))
    quiet = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=0"]
    with contextlib.suppress(SystemExit):
        return int(pytest.main([*quiet, *tests]))
    return 1


def tests_of(area: str) -> list[str]:
    """List the tests that an area's mutants have to fail."""
    name = area.removesuffix(".py").split("/")[0]
    candidates = [TESTS / name, TESTS / f"test_{name}.py"]
    return [str(each) for each in candidates if each.exists()]


def areas() -> list[str]:
    """List all areas."""
    found = [each.name for each in SOURCE.iterdir() if (each / "__init__.py").exists()]
    files = [each.stem for each in SOURCE.glob("*.py") if each.stem != "__init__"]
    return sorted([*found, *files])


def files_of(area: str) -> list[Path]:
    """List an area's files."""
    folder = SOURCE / area
    if area.endswith(".py"):
        return [folder]
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


def main() -> int:
    """Mutate, test, and print the mutants that survive."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("areas", nargs="*", default=None)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60, help="after which a mutant is killed")
    parser.add_argument("--list", action="store_true", help="list the mutants, and run none")
    given = parser.parse_args()
    os.environ["POLARS_MAX_THREADS"] = "1"
    for name in ("polars", "pydantic", "pytest", "hypothesis", "beaf_core.engine.frames"):
        importlib.import_module(name)
    survivors = [each for area in given.areas or areas() for each in _area(area, given)]
    print(f"{len(survivors)} survive")
    return 1 if survivors else 0


def _area(area: str, given: argparse.Namespace) -> list[Mutant]:
    mutants = [each for path in files_of(area) for each in mutants_of(path)]
    tests = tests_of(area)
    print(f"{area}: {len(mutants)} mutants, tests: {', '.join(tests) or 'none'}", flush=True)
    if given.list or not mutants:
        for each in mutants:
            print(f"  {each}")
        return []
    if not tests or _fails(None, tests, given.seconds):
        raise SystemExit(f"{area}: its tests fail already, or there are none")
    with ThreadPoolExecutor(given.jobs) as pool:
        failed = list(pool.map(lambda each: _fails(each, tests, given.seconds), mutants))
    alive = [each for each, dead in zip(mutants, failed, strict=True) if not dead]
    for each in alive:
        print(f"  survives: {each}", flush=True)
    return alive


if __name__ == "__main__":
    sys.exit(main())
