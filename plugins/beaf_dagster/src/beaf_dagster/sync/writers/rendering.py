"""How do rows of the event log look as COPY's text?

What is the same in all rows of a chunk is taken from one that the storage itself has mapped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from beaf_dagster.private import SqlEventLogStorage, SqlEventLogStorageTable, serialize_value
from beaf_dagster.sync import storage as log
from beaf_dagster.sync.events import Row, Telling
from beaf_dagster.sync.writers.refusal import WriterRefusedError
from beaf_dagster.sync.writers.template import Template, template

TAG_COLUMNS = ("event_id", "asset_key", "key", "value", "event_timestamp")
#: What differs between the rows of events.
_OWN = ("id", "event", "partition")

#: How COPY's text says what would end a value or a row.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(slots=True)
class Rendering:
    """Renders events of one asset and their tags.

    Attributes:
        columns: of the table of events, in the order in which values are rendered.
    """

    storage: SqlEventLogStorage
    telling: Telling
    columns: tuple[str, ...] = ()
    _same: str = ""
    _asset: str = ""
    _time: str = ""
    _keys: dict[str, str] = field(default_factory=dict)
    _templates: dict[tuple[bool, ...], Template] = field(default_factory=dict)

    def check(self, probe: Row) -> None:
        """Hold what is rendered against what Dagster and its storage make of one partition.

        Raises:
            WriterRefusedError: they differ.
        """
        event = self.telling.entry(probe)
        keys = self.telling.tag_keys
        tags = {key: getattr(probe, name) for name, key in keys.items()}
        if log.tags_of(self.storage, event) != tags:
            raise WriterRefusedError("the event log keeps other tags of events than are copied")
        if self._text(probe) != serialize_value(event):
            raise WriterRefusedError("events are serialized otherwise than a template has it")
        self._learn(log.row_of(self.storage, event))
        self._keys = {name: value(key) for name, key in keys.items()}

    def event(self, row: Row, event_id: int) -> str:
        """Render the row of an event."""
        text = self._text(row).translate(_ESCAPES)
        return f"{event_id}\t{text}\t{value(row.key)}\t{self._same}\n"

    def tags(self, row: Row, event_id: int) -> str:
        """Render the rows of an event's tags."""
        before, after = f"{event_id}\t{self._asset}\t", f"\t{self._time}\n"
        return "".join(
            f"{before}{key}\t{value(getattr(row, name))}{after}" for name, key in self._keys.items()
        )

    def _learn(self, row: dict[str, Any]) -> None:
        same = tuple(each for each in row if each not in _OWN)
        self.columns = (*_OWN, *same)
        if set(self.columns) != {each.name for each in SqlEventLogStorageTable.columns}:
            raise WriterRefusedError("events are mapped to other columns than their table has")
        self._same = "\t".join(value(row[each]) for each in same)
        self._asset, self._time = value(row["asset_key"]), value(row["timestamp"])

    def _text(self, row: Row) -> str:
        shape = row.shape
        if shape not in self._templates:
            self._templates[shape] = template(self.telling, row)
        return self._templates[shape].rendered(row)


def value(given: object) -> str:
    """Render a value as COPY reads it."""
    return "\\N" if given is None else str(given).translate(_ESCAPES)
