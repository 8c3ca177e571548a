"""What does a parquet file say of itself? Its footer holds the receipt and what the rows mean.

A footer is at the end of its file: one request reads it, two where it is uncommonly long.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from beaf_core import Receipt
from beaf_outputs.kept import About
from beaf_outputs.stores import Store

#: The key of the receipt among a file's metadata, and of what its rows mean.
RECEIPT_KEY = "beaf.receipt"
MEANING_KEY = "beaf.meaning"
#: The digest of what the rows mean, in files of a dataset, which keeps it once for all.
ABOUT_KEY = "beaf.about"

_MAGIC = b"PAR1"
#: The length of a footer and the magic bytes stand behind it.
_BEHIND = 8
#: Read at once: more than the footer of 100 measures with all that they mean.
_GUESS = 2**17


@dataclass(frozen=True, slots=True)
class Footer:
    """What a parquet file says of itself.

    Attributes:
        rows: how many it holds.
        metadata: by key, such as the receipt.
        columns: pyarrow's schema.
    """

    rows: int
    metadata: Mapping[bytes, bytes]
    columns: pa.Schema

    def receipt(self, location: str) -> Receipt | None:
        """Return the receipt of a file that BEAF has written.

        Args:
            location: where the file is now; it may have been moved since it was written.
        """
        text = self.metadata.get(RECEIPT_KEY.encode())
        if text is None:
            return None
        return Receipt.from_json({**json.loads(text), "rows": self.rows, "location": location})

    @property
    def written_at(self) -> str:
        """When the file was written, ISO; empty where it does not say."""
        text = self.metadata.get(RECEIPT_KEY.encode(), b"{}")
        return str(json.loads(text).get("stamp", {}).get("written_at", ""))

    @property
    def about(self) -> About | None:
        """What the rows of the file mean."""
        text = self.metadata.get(MEANING_KEY.encode())
        return None if text is None else About.of_text(text)


#: What a file says that is not parquet.
UNREADABLE = Footer(0, {}, pa.schema([]))


def kept_with(receipt: Receipt, about: About) -> dict[str, str]:
    """Return the metadata of a file that holds a partition; the rows are counted by the footer."""
    values = receipt.to_json()
    del values["rows"]
    return {RECEIPT_KEY: json.dumps(values), MEANING_KEY: about.text}


def footers(store: Store, paths: Iterable[str]) -> list[Footer | None]:
    """Read the footers of files; None for each that is not there."""
    return store.each(lambda path: _footer(store, path), paths)


def _footer(store: Store, path: str) -> Footer | None:
    size, end = _GUESS, store.read_end(path, _GUESS)
    while end is not None and (needed := _length(end)) > size:
        size, end = needed, store.read_end(path, needed)
    if end is None:
        return None
    try:
        found = pq.read_metadata(pa.BufferReader(end))
    except (pa.ArrowException, OSError):
        return UNREADABLE
    return Footer(found.num_rows, found.metadata or {}, found.schema.to_arrow_schema())


def _length(end: bytes) -> int:
    """Return how long a footer is, with what stands behind it; 0 where there is none."""
    if not end.endswith(_MAGIC):
        return 0
    return int.from_bytes(end[-_BEHIND:-4], "little") + _BEHIND
