"""Where do the data lie, and in which layout? Parquet files as the source `parquet` reads them.

`listing` files are sorted by (ListingId, time, sequence), `time` files by (time, sequence), both
with the same rows, in row groups of 262,144, zstd, with `sorting_columns` in the footer.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from beaf_bench.market import DAY, MIC, Listing, reference, shares

if TYPE_CHECKING:
    from collections.abc import Callable

    from beaf_bench.sizes import Size

#: Raised when the same arguments yield other data, so that no stale file is measured.
GENERATOR = 1
ROW_GROUP = 262_144
#: So many rows are sorted by time at once, at about 300 bytes each.
_SORTED_AT_ONCE = 8_000_000

SEQUENCE = "BMLLSequenceNo"
TIMES: Mapping[str, str] = {
    "trades": "TradeTimestampNanoseconds",
    "l2": "TimestampNanoseconds",
    "l3": "TimestampNanoseconds",
}


@dataclass(frozen=True, slots=True)
class Market:
    """Generated files.

    Attributes:
        root: what the source `parquet` is given as its root.
        layout: `listing` or `time`.
        size: what they hold.
    """

    root: Path
    layout: str
    size: Size

    def path(self, table: str) -> Path:
        """Return a table's file."""
        return self.root / table / MIC / f"{DAY}.parquet"

    def order(self) -> dict[str, list[str]]:
        """Say how the rows of each listing are sorted, as SOURCE.order wants it."""
        return {table: [time, SEQUENCE] for table, time in TIMES.items()}

    def universe(self) -> list[int]:
        """List the ListingIds that are computed: those that are alive."""
        listed = pl.read_parquet(self.path("reference")).filter("IsAlive")
        return listed["ListingId"].sort().to_list()


def default_cache() -> Path:
    """Return the folder that generated data are kept in."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home, "beaf", "bench")


def market(size: Size, layout: str, cache: Path, tell: Callable[[str], None]) -> Market:
    """Return the files of a size and layout; they are generated unless they are there.

    Args:
        size: how many rows.
        layout: `listing`, `time`, or `skew`: by listing, one of which has half of the rows.
        cache: where generated data are kept, by a hash of the arguments.
        tell: hears of what takes long.
    """
    wanted = size.with_skew() if layout == "skew" else size
    order = "time" if layout == "time" else "listing"
    root = cache / _name(wanted, order)
    if not root.exists():
        tell(f"generating {wanted.l3 + wanted.l2 + wanted.trades:,} rows, sorted by {order} …")
        _generate(wanted, order, root, cache, tell)
    return Market(root, order, wanted)


def _name(size: Size, order: str) -> str:
    facts = json.dumps([GENERATOR, size.facts(), order], sort_keys=True)
    return f"{order}-{hashlib.sha256(facts.encode()).hexdigest()[:16]}"


def _generate(size: Size, order: str, root: Path, cache: Path, tell: Callable[[str], None]) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    # Beside its place, so that what is there is whole.
    staged = Path(tempfile.mkdtemp(prefix=".staged-", dir=cache))
    try:
        target = Market(staged, order, size)
        _write(target, "reference", iter([reference(size)]))
        for table in TIMES:
            if order == "listing":
                _write(target, table, _by_listing(size, table))
            else:
                sorted_once = market(size, "listing", cache, tell)
                _write(target, table, _by_time(sorted_once.path(table), table))
        staged.rename(root)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _by_listing(size: Size, table: str) -> Iterator[pl.DataFrame]:
    counts = {name: _split(total, shares(size)) for name, total in size.rows().items()}
    for place in range(size.listings):
        rows = {name: int(counts[name][place]) for name in counts}
        if rows[table]:
            yield Listing(size, place, rows).table(table)


def _split(total: int, weights: Any) -> Any:
    edges = np.round(np.concatenate([[0.0], np.cumsum(weights)]) * total).astype(np.int64)
    edges[-1] = total
    # Every listing has a book, so that its trades have quotes.
    return np.maximum(np.diff(edges), 1)


def _by_time(path: Path, table: str) -> Iterator[pl.DataFrame]:
    """Sort a file by time, one slice of the day after the other."""
    time = TIMES[table]
    rows = pl.scan_parquet(path)
    count = pq.read_metadata(path).num_rows
    slices = -(-count // _SORTED_AT_ONCE)
    at = pl.col(time).to_physical()
    cuts = [at.quantile(each / slices).alias(str(each)) for each in range(1, slices)]
    edges = rows.select(cuts).collect().row(0) if cuts else ()
    for low, high in zip([None, *edges], [*edges, None], strict=True):
        kept = rows if low is None else rows.filter(at >= low)
        kept = kept if high is None else kept.filter(at < high)
        yield kept.sort(time, SEQUENCE).collect(engine="streaming")


def _write(target: Market, table: str, frames: Iterator[pl.DataFrame]) -> None:
    """Write frames as one file, in row groups of equal size."""
    path = target.path(table)
    path.parent.mkdir(parents=True)
    first = next(frames)
    schema = first.head(0).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    columns = _sorting(target.layout, table)
    sorting = pq.SortingColumn.from_ordering(schema, [(name, "ascending") for name in columns])
    writer = pq.ParquetWriter(
        path, schema, compression="zstd", sorting_columns=sorting if columns else None
    )
    with writer:
        for group in _row_groups(first, frames):
            arrow = group.to_arrow(compat_level=pl.CompatLevel.oldest())
            writer.write_table(arrow, row_group_size=ROW_GROUP)


def _sorting(order: str, table: str) -> list[str]:
    if table not in TIMES:
        return []
    return [*(["ListingId"] if order == "listing" else []), TIMES[table], SEQUENCE]


def _row_groups(first: pl.DataFrame, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    waiting, height = [first], first.height
    for each in frames:
        waiting.append(each)
        height += each.height
        if height >= ROW_GROUP:
            together = pl.concat(waiting)
            whole = height // ROW_GROUP * ROW_GROUP
            yield from together.head(whole).iter_slices(ROW_GROUP)
            waiting, height = [together.tail(height - whole)], height - whole
    yield from pl.concat(waiting).iter_slices(ROW_GROUP)
