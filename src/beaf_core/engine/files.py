"""How is a small text file replaced, whole or not at all?"""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Replace a file by a text, in one step: a reader finds the old one or the new one.

    Raises:
        OSError: it cannot be written; the old one stands, and nothing is left beside it.
    """
    staged = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged.write_text(text, encoding="utf-8")
        staged.replace(path)
    except OSError:
        with suppress(OSError):
            staged.unlink(missing_ok=True)
        raise
