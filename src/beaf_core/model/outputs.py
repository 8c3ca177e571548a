"""Where do the rows of a pass go, what do they mean, and what was written?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from string import Formatter
from typing import TYPE_CHECKING, Any

from beaf_core.model.errors import UsageError
from beaf_core.model.faults import Fault, read_faults

if TYPE_CHECKING:
    from beaf_core.model.partition import PartitionRun

_SAFE_IN_A_FILE_NAME = str.maketrans({"/": "_", "\\": "_", "\0": "_"})


def _file_name(text: str) -> str:
    """Give a text as a part of a path; what had to be changed stays apart from what looks alike."""
    safe = text.translate(_SAFE_IN_A_FILE_NAME)
    if safe == text:
        return text
    from hashlib import sha256  # 8 ms

    return f"{safe}-{sha256(text.encode()).hexdigest()[:8]}"


#: How a rule of re-aggregation is said.
_RULES: Mapping[str, str] = {
    "sum": "sum of the buckets",
    "first": "of the first bucket",
    "last": "of the last bucket",
    "min": "smallest of the buckets",
    "max": "largest of the buckets",
    "twa": "mean by the time for which each counts",
    "none": "none: compute it anew over the longer bucket",
}


@dataclass(frozen=True, slots=True)
class ColumnMeaning:
    """What one column of an output says.

    Attributes:
        name: the column.
        unit: shares, trades, bps, …; empty for keys and attributes of listings.
        doc: its meaning, one sentence.
        formula: how it is computed.
        source: where the formula comes from; empty where it is the field's own.
        reaggregation: how coarser buckets are made of finer ones.
        version: of the definition.
        module: the module that yields it.
    """

    name: str
    unit: str = ""
    doc: str = ""
    formula: str = ""
    source: str = ""
    reaggregation: str = ""
    version: int = 1
    module: str = ""

    @property
    def longer_buckets(self) -> str:
        """How coarser buckets are made of finer ones, in words; empty for what is no measure."""
        return rule_in_words(self.reaggregation) if self.reaggregation else ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an output says of itself, kept with the rows.

    Attributes:
        columns: what its columns say, in their order.
        facts: what holds for all rows: width, anchor and closed edge of buckets, a digest of the
            configuration, the version of BEAF.
    """

    columns: tuple[ColumnMeaning, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Render as JSON-ready values."""
        return {"columns": [asdict(each) for each in self.columns], "facts": dict(self.facts)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Meaning:
        """Read what `to_json` rendered; fields of a newer version are left aside."""
        columns: Sequence[Mapping[str, Any]] = values.get("columns", ())
        return cls(
            tuple(ColumnMeaning(**_known(ColumnMeaning, each)) for each in columns),
            dict(values.get("facts", {})),
        )


@dataclass(frozen=True, slots=True)
class Target:
    """One configured sink for one pass.

    Attributes:
        type: the output plugin's name.
        dataset: DATASETNAME.
        pass_name: the pass whose output it takes.
        path_template: where a partition goes, with placeholders.
        options: the plugin's validated options (an instance of its `Config`), or None.
        partition_columns: the columns that partition a dataset, if any.
        storage_options: options for object stores; never printed.
        placeholders: further placeholders, such as bucket and prefix.
        stamp: what the receipt must carry besides rows and location (run_id, fingerprint, …).
        shared: whether one location holds many partitions: a table, or a dataset of files.
        meaning: what the rows say, to be kept with them.
    """

    type: str
    dataset: str
    pass_name: str
    path_template: str
    options: Any = None
    partition_columns: tuple[str, ...] = ()
    storage_options: Mapping[str, str] = field(default_factory=dict, repr=False)
    placeholders: Mapping[str, str] = field(default_factory=dict)
    stamp: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False
    meaning: Meaning = field(default_factory=Meaning, repr=False)

    def location(self, partition: PartitionRun) -> str:
        """Expand the template: the path that is reported is the path that is written.

        Raises:
            UsageError: a placeholder that is not known, or text that would leave its folder.
        """
        return self.filled(self.path_template, partition)

    def filled(self, template: str, partition: PartitionRun) -> str:
        """Expand the placeholders of any template of the target, such as a table's name.

        Raises:
            UsageError: a placeholder that is not known, or text that would leave its folder.
        """
        values = {
            "datasetname": self.dataset,
            "pass": self.pass_name,
            "universe": partition.universe.spec,
            "start_date": partition.dates.start_date,
            "end_date": partition.dates.end_date,
            **self.placeholders,
        }
        for name, value in values.items():
            if name not in self.placeholders and value in {"", ".", ".."}:
                raise UsageError(f"{name} {value!r} cannot be part of an output path")
        safe = {
            name: value if name in self.placeholders else _file_name(value)
            for name, value in values.items()
        }
        try:
            return _expanded(template, safe)
        except (KeyError, ValueError, IndexError, AttributeError, TypeError) as error:
            raise UsageError(
                f"path_template {template!r} cannot be filled in: {error}",
                remedy="use the placeholders " + " ".join(f"{{{name}}}" for name in safe),
            ) from None

    def stamped(self, **stamp: str) -> Target:
        """Return the target with more on its stamp."""
        return replace(self, stamp={**self.stamp, **stamp})


@dataclass(frozen=True, slots=True)
class StorageArea:
    """Where a storage area lies: what its name stands for in a template.

    Attributes:
        bucket: fills `{bucket}`.
        prefix: fills `{prefix}`; without a slash at either end.
    """

    bucket: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an output wrote: it travels with the data.

    Attributes:
        output: the output plugin's name.
        location: where the rows are.
        rows: how many.
        partition: the partition's key, `mic=XLON:2026-02-01`.
        stamp: run_id, fingerprint, source and the like, as handed in by the target.
        notes: what a person should hear once per run, with how often it happened; not kept.
    """

    output: str
    location: str
    rows: int
    partition: str
    stamp: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def fingerprint(self) -> str | None:
        """A digest of inputs, configuration and measure versions: equal means nothing changed."""
        return self.stamp.get("fingerprint")

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What checks found in the rows when they were written, and did not refuse."""
        return read_faults(self.stamp.get("faults"))

    def to_json(self) -> dict[str, Any]:
        """Render as JSON-ready values, without the notes."""
        values = asdict(self) | {"stamp": dict(self.stamp)}
        del values["notes"]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Receipt:
        """Read what `to_json` rendered; fields of a newer version are left aside."""
        return cls(**_known(cls, values))


def rule_in_words(rule: str) -> str:
    """Say how buckets combine into a longer one."""
    weight = rule.removeprefix("vw:")
    return f"mean weighted by {weight}" if weight != rule else _RULES.get(rule, rule)


def _expanded(template: str, values: Mapping[str, str]) -> str:
    # Names alone: `{pass.upper}` would stand for a piece of Python, another one in each run.
    for _, name, spec, _ in Formatter().parse(template):
        if name is not None and (name not in values or "{" in (spec or "")):
            raise KeyError(name)
    return template.format_map(values)


def _known(cls: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    return {each.name: values[each.name] for each in fields(cls) if each.name in values}
