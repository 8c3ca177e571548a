"""What did a check find in the rows of a partition, and how much of it?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

#: Which checks there are: repeated or absent keys; identities of modules; an empty output; shares
#: of null; ranges of values; what is expected of listings, buckets and columns; the schema lock.
CHECKS = ("keys", "identities", "rows", "nulls", "ranges", "expectations", "schema")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that a check found.

    Attributes:
        check: which one, of `CHECKS`.
        text: what is wrong, for a person.
        column: the column, where it is one's.
        found: how much: a share of null, a value out of its range.
        limit: how much is allowed.
    """

    check: str
    text: str
    column: str | None = None
    found: float | None = None
    limit: float | None = None

    def __str__(self) -> str:
        return self.text

    def to_json(self) -> dict[str, Any]:
        """Render as JSON-ready values, without what is not known."""
        return {name: each for name, each in asdict(self).items() if each is not None}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Fault:
        """Read what `to_json` rendered; fields of a newer version are left aside."""
        return cls(**{each.name: values[each.name] for each in fields(cls) if each.name in values})


def faults_text(faults: Iterable[Fault]) -> str:
    """Render faults as the text that a receipt's stamp keeps."""
    return json.dumps([each.to_json() for each in faults], ensure_ascii=False)


def read_faults(text: str | None) -> tuple[Fault, ...]:
    """Read what `faults_text` rendered; nothing where there is no text."""
    return tuple(map(Fault.from_json, json.loads(text))) if text else ()
