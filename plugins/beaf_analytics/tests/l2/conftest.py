"""What do the tests of books share? Passes over small books."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from plugins.beaf_analytics.tests.l2 import books

Pass = Callable[..., pl.DataFrame]


@pytest.fixture
def book() -> Callable[..., pl.DataFrame]:
    """Write a book row by row."""
    return books.book


@pytest.fixture
def snapshot() -> Pass:
    """Compute `l2` over rows, with a section."""
    return lambda rows, **section: books.computed("l2", rows, **section)


@pytest.fixture
def weighted() -> Pass:
    """Compute `l2tw` over rows, with a section; no shares unless they are asked for."""
    return lambda rows, **section: books.computed("l2tw", rows, **{"shares": [], **section})


@pytest.fixture
def computed() -> Pass:
    """Compute any modules."""
    return books.computed
