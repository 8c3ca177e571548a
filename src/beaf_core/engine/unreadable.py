"""What is raised where data cannot be read?

A file that shrinks between planning and reading makes polars 2.1 panic. A panic is no `Exception`,
so that it would pass whatever catches those, and end the run instead of one partition.
"""

from __future__ import annotations

import polars as pl

#: polars has failed in a way that it does not expect of itself.
Panic: type[BaseException] = pl.exceptions.PanicException
UNREADABLE: tuple[type[BaseException], ...] = (pl.exceptions.PolarsError, OSError, Panic)
