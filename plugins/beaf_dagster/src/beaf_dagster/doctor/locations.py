"""Do the definitions load, which pipelines are broken, and how many partitions are there?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from beaf_dagster.doctor.findings import Finding
from beaf_dagster.partitions.budget import REMEDIES, PartitionBudget, partition_budget
from beaf_dagster.partitions.keys import DATE
from beaf_dagster.workspaces import definitions_of

#: The tag of an asset that stands in the place of a pipeline that cannot be loaded.
BROKEN = "beaf/broken"


def check_workspace(file: Path) -> Iterator[Finding]:
    """Load every code location of a workspace.yaml that is Python, in this process."""
    from beaf_dagster.private import location_origins_from_yaml_paths

    try:
        origins = location_origins_from_yaml_paths([str(file)])
    except Exception as error:  # noqa: BLE001 — whatever is wrong with the file is what is looked for
        yield Finding("workspace", "fail", f"{file}: {_first(error)}", f"mend {file}")
        return
    yield Finding(
        "workspace", "ok", f"{file}: {len(origins)} code location{'s'[: len(origins) != 1]}"
    )
    for each in origins:
        yield from _check_location(each)


def _check_location(origin: Any) -> Iterator[Finding]:
    subject = f"location {origin.location_name}"
    if getattr(origin, "loadable_target_origin", None) is None:
        yield Finding(subject, "ok", "served by another process; not looked into")
        return
    try:
        found = definitions_of(origin)
    except Exception as error:  # noqa: BLE001 — a person's own code may raise anything
        yield Finding(subject, "fail", f"does not load: {_first(error)}", "mend its definitions")
        return
    for each in found:
        yield from check_definitions(each, subject)


def check_definitions(definitions: dg.Definitions, subject: str) -> Iterator[Finding]:
    """Look at loaded definitions: are they sound, what is broken, what is too large?"""
    try:
        dg.Definitions.validate_loadable(definitions)
    except Exception as error:  # noqa: BLE001 — unsound definitions are a finding
        yield Finding(subject, "fail", _first(error), "mend its definitions")
        return
    specs = list(definitions.resolve_all_asset_specs())
    yield Finding(subject, "ok", f"{len(specs)} assets")
    yield from _broken(specs)
    yield _sizes(specs, subject)


def _broken(specs: list[dg.AssetSpec]) -> Iterator[Finding]:
    for each in specs:
        if BROKEN in each.tags:
            name = f"pipeline {each.key.to_user_string()}"
            yield Finding(name, "fail", _fault(each), "mend it; the others load without it")


def _fault(spec: dg.AssetSpec) -> str:
    """Read the fault out of what a person sees of a broken pipeline."""
    told = spec.description or ""
    return told.partition("```text\n")[2].partition("\n```")[0] or told


def _sizes(specs: list[dg.AssetSpec], subject: str) -> Finding:
    budgets = {
        each.key.to_user_string(): _budget(each.partitions_def)
        for each in specs
        if each.partitions_def is not None
    }
    title = f"{subject}: partitions"
    if not budgets:
        return Finding(title, "ok", "none")
    largest = max(budgets, key=lambda key: budgets[key].count)
    budget = budgets[largest]
    text = f"at most {budget.size} of one asset, {largest}"
    if not budget.is_large:
        return Finding(title, "ok", text)
    return Finding(title, "warn", f"{text}; {budget.cost}", f"fewer of them: {REMEDIES[0]}")


def _budget(definition: dg.PartitionsDefinition[str]) -> PartitionBudget:
    if not isinstance(definition, dg.MultiPartitionsDefinition):
        return partition_budget(definition)
    # Dimensions may bear other names; Dagster keeps them in the order of these.
    names = [each.name for each in definition.partitions_defs]
    return partition_budget(definition, DATE if DATE in names else names[0])


def _first(error: BaseException) -> str:
    """Tell the innermost cause in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip() or type(error).__name__).splitlines()[0]
