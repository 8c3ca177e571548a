"""How does a statement become text, with its values apart, for what SQLAlchemy cannot run?"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.sql import Executable

from beaf_outputs.sql.drivers import Statement


def compiled(statement: Statement, dialect: Dialect) -> tuple[str, list[Any]]:
    """Render a statement; names are quoted, values stand in the order of their marks."""
    # DDL knows nothing of values that are many.
    options = {"render_postcompile": True} if isinstance(statement, Executable) else {}
    rendered = statement.compile(dialect=dialect, compile_kwargs=options)
    names = getattr(rendered, "positiontup", None) or []
    values = rendered.construct_params(escape_names=False) or {}
    return str(rendered), [values[name] for name in names]


def quote_all(dialect: Dialect) -> Dialect:
    """Let a dialect quote every name: words that a database reserves, SQLAlchemy may not know."""
    dialect.identifier_preparer.legal_characters = re.compile(r"(?!)")
    return dialect
