"""Has a function that makes rows been edited?

Its code counts, with the constants, expressions and functions of its own file that it names, but
not its lines, its words or what it imports. So an edit makes old outputs stale without anybody
raising a version, and a worker that has loaded an edited file is found out. The code is that of the
interpreter: another version of Python counts as an edit.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

import polars as pl

from beaf_core.engine.compiler.aggregations import key_of

_PLAIN = (str, bytes, int, float, complex, bool, type(None), type(...))


def digest_of_code(function: Callable[..., Any]) -> str:
    """Digest what a function does, as far as its own file says."""
    return hashlib.sha256(repr(_of(function, set())).encode()).hexdigest()[:16]


def _of(value: Any, seen: set[int]) -> object:
    """Render a value that a function names; equal values, equal texts, in every process."""
    for kind, render in _RENDERED:
        if isinstance(value, kind):
            return render(value, seen)
    return getattr(value, "__qualname__", type(value).__qualname__)


def _of_items(values: Iterable[Any], seen: set[int]) -> object:
    return [_of(each, seen) for each in values]


def _of_set(values: Iterable[Any], seen: set[int]) -> object:
    return sorted(repr(_of(each, seen)) for each in values)


def _of_code(code: CodeType, seen: set[int]) -> object:
    return [code.co_code, code.co_names, code.co_varnames, _of(code.co_consts, seen)]


def _of_function(function: FunctionType, seen: set[int]) -> object:
    if id(function) in seen:  # it calls itself
        return function.__qualname__
    seen.add(id(function))
    code = function.__code__
    # A docstring is the first of the constants, and None where there is none.
    constants = [None if each == function.__doc__ else each for each in code.co_consts]
    cells = [_content(each) for each in function.__closure__ or ()]
    parts = [constants, function.__defaults__, function.__kwdefaults__, cells]
    named = [[name, _of(each, seen)] for name, each in _named(function)]
    return [code.co_code, code.co_names, code.co_varnames, _of(parts, seen), named]


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return None


def _named(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield what a function names of its own file."""
    for name in sorted(_names(function.__code__)):
        value = function.__globals__.get(name)
        foreign = isinstance(value, FunctionType) and value.__module__ != function.__module__
        if not foreign:
            yield name, value


def _names(code: CodeType) -> set[str]:
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    return set(code.co_names).union(*map(_names, inner))


_RENDERED: tuple[tuple[Any, Callable[[Any, set[int]], object]], ...] = (
    (_PLAIN, lambda value, _seen: value),
    (pl.Expr, lambda value, _seen: key_of(value)),
    (tuple | list, _of_items),
    (dict, lambda value, seen: _of_items(value.items(), seen)),
    (set | frozenset, _of_set),
    (CodeType, _of_code),
    (FunctionType, _of_function),
    (MethodType, lambda value, seen: _of(value.__func__, seen)),
    (
        functools.partial,
        lambda value, seen: _of_items((value.func, value.args, value.keywords), seen),
    ),
)
