"""What do a partition's rows depend on, digested so that a change shows, and what changed?"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import polars as pl

import beaf_core
from beaf_core.config.redact import redact
from beaf_core.engine.compiler.aggregations import key_of
from beaf_core.engine.outputs.code import digest_of_code
from beaf_core.model.primitives import PASS_PREFIX

if TYPE_CHECKING:
    from beaf_core.config.resolved import ResolvedModule, ResolvedPass, ResolvedPipeline
    from beaf_core.engine.planning.prepare import DayPlan
    from beaf_core.model.module import Measure
    from beaf_core.model.outputs import Receipt, Target
    from beaf_core.model.partition import PartitionRun
    from beaf_core.model.tables import Part

#: Fields at the top of the configuration that change the rows of every pass.
_OF_ROWS = ("QUALITY_CHECKS", "DEFAULT_FFILL")
#: Fields of a pass that do not: where rows go, and how days are cut, are told apart.
_NOT_OF_ROWS = {"output", "extra_outputs", "batch_freq", "name"}

#: Facet → item → what it is: `{"measures": {"SpreadBps": [2, …]}, "inputs": {…}}`.
Facts = Mapping[str, Mapping[str, Any]]

#: Beyond so many items, a facet is digested as one, so that receipts stay small: 20 bytes each.
_ITEMS = 2000


@dataclass(frozen=True, slots=True)
class Facets:
    """Everything that a partition's rows depend on.

    Equal fingerprints mean that nothing would change: the same source and inputs (location, size,
    version), the same listings, the same rows of earlier passes, the same configuration, the same
    declarations of measures, the same version of BEAF. A piece of input without a version is never
    the same.
    """

    facts: Facts

    @property
    def fingerprint(self) -> str:
        """One digest of everything."""
        return _digest(self.facts, 32)

    def digest_of(self, facet: str) -> str:
        """One digest of one facet."""
        return _digest(self.facts[facet], 32)

    @property
    def digests(self) -> str:
        """One short digest per item, as JSON text: enough to say what changed."""
        found = {facet: _digests(facet, items) for facet, items in self.facts.items()}
        return json.dumps(found, sort_keys=True, separators=(",", ":"))

    def why_stale(self, receipt: Receipt) -> str:
        """Say what has changed since a receipt was written; nothing where nothing has."""
        if receipt.fingerprint == self.fingerprint:
            return ""
        try:
            before: dict[str, dict[str, str]] = json.loads(receipt.stamp["facets"])
        except (KeyError, ValueError):
            return "written by a version of BEAF that kept no record of its inputs"
        told = [
            each for facet in self.facts for each in self._changes(facet, before.get(facet, {}))
        ]
        more = f" and {len(told) - 3} more changes" if len(told) > 3 else ""
        return ", ".join(told[:3]) + more or "its inputs changed"

    def _changes(self, facet: str, before: Mapping[str, str]) -> list[str]:
        items = self.facts[facet]
        after = _digests(facet, items)
        names = {_key(facet, name): name for name in items}
        told = [
            _told(facet, names.get(key, key), before.get(key), digest)
            for key, digest in after.items()
            if before.get(key) != digest
        ]
        gone = [names.get(key, key) for key in before if key not in after]
        if facet == "inputs" and gone:
            return [*told, f"{len(gone)} {'input is' if len(gone) == 1 else 'inputs are'} gone"]
        return [*told, *(_told(facet, each, "", None) for each in gone)]


def facets(
    pipeline: ResolvedPipeline,
    resolved: ResolvedPass,
    partition: PartitionRun,
    target: Target,
    days: Sequence[DayPlan],
) -> Facets:
    """Gather everything that a partition's rows depend on."""
    facts: dict[str, dict[str, Any]] = {
        "BEAF": {"version": beaf_core.__version__},
        "definitions": {},
        "configuration": _configuration(pipeline, resolved),
        "inputs": {},
        "earlier passes": {},
        "universe": {},
        "output": {
            "type": target.type,
            "place": target.location(partition),
            **_flat(redact(_plain(target.options))),
        },
    }
    for each in resolved.modules:
        facts["definitions"] |= _definitions(each)
    for day in days:
        facts["universe"][day.day.isoformat()] = [day.status, _digest_of_listings(day)]
        _add_parts(facts, day)
    return Facets(facts)


def pass_digest(pipeline: ResolvedPipeline, resolved: ResolvedPass) -> str:
    """Digest what the rows of a pass depend on, whatever the partition and its data.

    It changes with what makes every partition of the pass stale: configuration that rows depend
    on, the declarations of measures and their code, where rows go, the version of BEAF. Who runs
    it, when, where and with how much memory does not count.
    """
    outputs = [
        [each.type, each.path_template, redact(_plain(each.options))] for each in resolved.targets
    ]
    definitions = [_definitions(each) for each in resolved.modules]
    own = [resolved.name, _configuration(pipeline, resolved)]
    return _digest([beaf_core.__version__, own, definitions, outputs], 16)


def _configuration(pipeline: ResolvedPipeline, resolved: ResolvedPass) -> dict[str, Any]:
    config = pipeline.config.model_dump(mode="json", include=set(_OF_ROWS))
    config["SOURCE"] = {"type": pipeline.source, **(_plain(pipeline.source_options) or {})}
    mine = resolved.config.model_dump(mode="json", exclude=_NOT_OF_ROWS)
    return _flat(redact({**mine, **config}))


def _flat(values: Any, path: str = "") -> dict[str, Any]:
    """Name every value of nested mappings by its dotted path."""
    if not isinstance(values, dict) or not values:
        return {path: values} if path else {}
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= _flat(value, f"{path}.{key}" if path else str(key))
    return found


def _definitions(each: ResolvedModule) -> dict[str, Any]:
    name = each.module.name
    found: dict[str, Any] = {measure.name: _measure_facts(measure) for measure in each.measures}
    for table, rows in each.rows.items():
        found[f"the rows of {table} in {name}"] = _plain_parts(rows)
    for provided in each.provides:
        found[f"the table {provided.name}"] = [provided.version, _plain_parts(provided)]
    for identity in each.identities:
        found[f"the identity {identity.name}"] = _plain_parts(identity)
    if each.grid is not None:
        found[f"the timeline of {name}"] = _plain_parts(each.grid)
    if each.reads:
        found[f"what {name} reads"] = dict(each.reads)
    if each.keys is not None:
        found[f"the keys of {name}"] = list(each.keys)
    if each.module.compute is not None:
        found[f"what {name} computes"] = [1, digest_of_code(each.module.compute)]
    return found


def _measure_facts(measure: Measure) -> list[Any]:
    # Its words (unit, doc, formula) may change without a number changing.
    parts = [measure.table, measure.value, measure.post, measure.lookups, measure.fill]
    return [measure.version, [_plain_parts(each) for each in parts]]


def _plain_parts(value: Any) -> Any:
    """Render what a module declares as JSON-ready values; functions count by their code."""
    if isinstance(value, pl.Expr):
        return hashlib.sha256(key_of(value)).hexdigest()
    if isinstance(value, Mapping):
        return {str(name): _plain_parts(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain_parts(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return [_plain_parts(getattr(value, each.name)) for each in fields(value)]
    return digest_of_code(value) if callable(value) else value


def _add_parts(facts: Mapping[str, dict[str, Any]], day: DayPlan) -> None:
    for table in day.tables:
        name = table.plan.table
        for part in table.read.parts:
            # A part without a version is never the same as before.
            known = _of_part(part)
            facet, item = "inputs", part.location
            if name.startswith(PASS_PREFIX):
                facet, item = "earlier passes", name.removeprefix(PASS_PREFIX)
            # One place may hold several tables, and one table several days.
            facts[facet].setdefault(item, []).append([name, day.day.isoformat(), known])


def _of_part(part: Part) -> dict[str, Any]:
    facts = asdict(replace(part, row_groups=None))  # the version covers what is inside
    return facts | {"version": part.version or secrets.token_hex(8)}


def pass_facts(resolved: ResolvedPass, days: Sequence[DayPlan]) -> dict[str, Any]:
    """State what another process must find alike, to compute a pass's rows alike."""
    return {
        "pass": resolved.config.model_dump(mode="json"),
        "definitions": [_definitions(each) for each in resolved.modules],
        "days": [[day.day.isoformat(), _digest_of_listings(day), *_inputs(day)] for day in days],
    }


def _inputs(plan: DayPlan) -> list[list[Any]]:
    parts = [part for table in plan.tables for part in table.read.parts]
    return [[part.location, part.bytes, part.rows, part.version] for part in parts]


def _digest_of_listings(plan: DayPlan) -> str:
    # Ten thousand listings with 18 attributes: 13 ms, and 70 ms as Python objects.
    return hashlib.sha256(plan.listings.write_json().encode()).hexdigest()[:16]


def _plain(options: Any) -> Any:
    return options.model_dump(mode="json") if hasattr(options, "model_dump") else None


# -- digests ---------------------------------------------------------------------------------------


def _digest(value: object, length: int) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def _digests(facet: str, items: Mapping[str, Any]) -> dict[str, str]:
    if len(items) > _ITEMS:
        return {"": _digest(items, 16)}
    return {_key(facet, name): _short(facet, value) for name, value in items.items()}


def _key(facet: str, name: str) -> str:
    # Locations are long, and a partition may have thousands; the others tell what is gone.
    return _digest(name, 8) if facet == "inputs" else name


def _short(facet: str, value: Any) -> str:
    if facet == "BEAF":
        return str(value)
    if facet == "definitions" and isinstance(value, list):
        return f"v{value[0]} {_digest(value, 8)}"
    return _digest(value, 8)


def _told(facet: str, name: str, before: str | None, after: str | None) -> str:
    """Tell of one item: changed, new (no digest before), or gone (none after)."""
    change = "is new" if before is None else "is gone" if after is None else "changed"
    if facet == "BEAF":
        return f"BEAF {before} → {after}"
    if facet == "definitions":
        return _told_definition(name, before, after, change)
    if facet == "configuration" and change == "changed":
        return f"configuration {name}"
    words = {
        "inputs": f"input {_short_place(name)}" if name else "inputs",
        "earlier passes": f"the earlier pass {name}",
        "universe": f"the universe on {name}",
    }
    return f"{words.get(facet, f'{facet} {name}')} {change}"


def _told_definition(name: str, before: str | None, after: str | None, change: str) -> str:
    if before is None or after is None:
        return f"{name} {change}"
    versions = [each.partition(" ")[0] for each in (before, after)]
    raised = versions[0] != versions[1]
    return f"definition of {name} " + (" → ".join(versions) if raised else "changed")


def _short_place(location: str) -> str:
    return "/".join(PurePosixPath(location.replace("\\", "/")).parts[-3:])
