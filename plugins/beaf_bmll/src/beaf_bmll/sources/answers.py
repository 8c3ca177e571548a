"""How is a question to the reference service asked once, and its answer kept?"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import polars as pl

from beaf_bmll.errors import BMLLError
from beaf_bmll.sources.cache import Cache, digest_of
from beaf_bmll.sources.normal import normalised
from beaf_bmll.sources.service import Query, Service
from beaf_core import Part

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from beaf_bmll.sources.config import Config


def available_markets(day: date, config: Config) -> list[str]:
    """List the venues that are alive on a day, sorted; empty where the vendor has no such day."""

    def ask(path: Path) -> bool:
        from beaf_bmll.sdk.markets import living_markets
        from beaf_bmll.sdk.session import session_of

        session = session_of(config.lab_org_id, config.http_timeout)
        found = living_markets(session, day.isoformat())
        path.write_text(json.dumps(found), encoding="utf-8")
        return bool(found)

    path = _cache(config).kept(_name(day, "Market", "json"), day, ask)
    return [] if path is None else list(json.loads(path.read_text(encoding="utf-8")))


def kept(day: date, query: Query, config: Config) -> Path | None:
    """Ask a query, or find its answer of an earlier time, in our names and types."""
    if query.finds_nothing:
        return None

    def ask(path: Path) -> bool:
        found = Service(config).reference(day, query)
        if found.is_empty():
            return False
        _write(found, day, path)
        return True

    return _cache(config).kept(_name(day, query, "parquet"), day, ask)


def _write(found: pl.DataFrame, day: date, path: Path) -> None:
    dated = found.with_columns(pl.lit(day).alias("Date"))  # each query is of one day
    try:
        normalised(dated.lazy(), "reference").sink_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise BMLLError(
            f"reference data of {day} are not what they should be: {str(error).splitlines()[0]}",
            remedy="tell BMLL, or the authors of beaf-bmll",
        ) from error


def part_of(path: Path) -> Part:
    """Describe an answer; its version is its content's."""
    content = path.read_bytes()
    return Part(
        location=str(path),
        bytes=len(content),
        rows=pl.collect_all([pl.scan_parquet(path, glob=False).select(pl.len())])[0].item(),
        version=hashlib.sha256(content).hexdigest()[:16],
    )


def _cache(config: Config) -> Cache:
    return Cache(config.cache_folder / "reference", config.max_wait_seconds)


def _name(day: date, question: Query | str, suffix: str) -> str:
    # Another server has other answers: an emulator's must never pass for the vendor's.
    server = os.environ.get("BMLL_REFERENCE_URL", "")
    asked = question if isinstance(question, str) else asdict(question)
    return f"{day}/{digest_of(server, asked)}.{suffix}"
