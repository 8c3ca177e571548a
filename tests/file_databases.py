"""How does a test look at a file of SQLite or DuckDB, past BEAF?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import duckdb
import sqlalchemy as sa

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("sqlite", "duckdb")


def url_of(kind: str, path: Path) -> str:
    """Spell the URL of a file."""
    return f"{kind}:///{path}"


class FileDatabases:
    """Stands for the server that these databases do without."""

    def rows(self, statement: str, *values: object, url: str) -> list[tuple[Any, ...]]:
        """Ask a database."""
        with closing(_connected(url)) as connection:
            return connection.execute(statement, values).fetchall()

    def run(self, *statements: str, url: str) -> None:
        """Carry statements out, each for itself."""
        with closing(_connected(url)) as connection:
            for each in statements:
                connection.execute(each).fetchall()


def _connected(url: str) -> Any:
    made = sa.make_url(url)
    if made.get_backend_name() == "sqlite":
        return sqlite3.connect(str(made.database), isolation_level=None)
    return duckdb.connect(str(made.database))
