"""Which folder of a hive dataset is a row in?

The values of its partition columns name it, percent-encoded: `MIC=XLON/Date=2026-02-01`. The
columns are kept in the files too, so that a name need not say everything: a null and an empty text
share a folder, as they do in Hive.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from beaf_core import UsageError

#: The folder of nulls and of empty texts.
NULL = "__HIVE_DEFAULT_PARTITION__"

#: What Hive encodes, for all who read its folders: control characters, and what paths, URLs and
#: patterns give a meaning.
_ENCODED = re.compile(r"""[\x00-\x1f\x7f"#%'*/:=?\\{}\[\]^]""")
#: A name has at most 255 bytes on all disks in use.
_LONGEST = 255

_TEXTUAL = (
    pl.String, pl.Enum, pl.Categorical, pl.Date, pl.Datetime, pl.Time, pl.Boolean, pl.Decimal
)  # fmt: skip


def key_of(columns: Sequence[str], schema: pl.Schema) -> dict[str, pl.Expr]:
    """Return what rows of one cell have in common: the texts of their partition columns.

    Raises:
        UsageError: a column that has no text for a folder, or that is named twice.
    """
    if len(set(columns)) < len(columns):
        raise UsageError(
            f"partition_columns names a column twice: {', '.join(columns)}",
            remedy="name each once",
        )
    return {f"\x00{number}": _text(name, schema[name]) for number, name in enumerate(columns)}


def _text(name: str, dtype: pl.DataType) -> pl.Expr:
    if not (isinstance(dtype, _TEXTUAL) or dtype.is_integer()):
        raise UsageError(
            f"partition_columns: {name} is {dtype}, which names no folder",
            remedy="partition by texts, whole numbers, dates or truth values",
        )
    return pl.col(name).cast(pl.String).fill_null("").replace(NULL, "")


def folder_of(columns: Sequence[str], texts: Sequence[str]) -> str:
    """Name the folder of a cell.

    Raises:
        UsageError: a name that no disk takes.
    """
    return "/".join(map(_level, columns, texts))


def _level(column: str, text: str) -> str:
    level = f"{_encoded(column)}={_encoded(text) if text else NULL}"
    if len(level.encode()) > _LONGEST:
        raise UsageError(
            f"{column} has the value {text[:40]!r}…, too long for the name of a folder",
            remedy="partition by another column",
        )
    return level


def _encoded(text: str) -> str:
    return _ENCODED.sub(lambda found: f"%{ord(found[0]):02X}", text)
