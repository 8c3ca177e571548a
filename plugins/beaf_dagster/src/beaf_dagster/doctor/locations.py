"""Do the definitions load, which pipelines are broken, and how many partitions are there?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from beaf_dagster.doctor.findings import Finding

#: More partitions of one asset than this make Dagster's pages slow.
ADVISED = 100_000


def check_workspace(file: Path) -> Iterator[Finding]:
    """Load every code location of a workspace.yaml that is Python, in this process."""
    from beaf_dagster.private import location_origins_from_yaml_paths

    try:
        origins = location_origins_from_yaml_paths([str(file)])
    except Exception as error:  # noqa: BLE001 — whatever is wrong with the file is what is looked for
        yield Finding("workspace", "fail", f"{file}: {_first(error)}", f"mend {file}")
        return
    yield Finding("workspace", "ok", f"{file}: {len(origins)} code locations")
    for each in origins:
        yield from _check_location(each)


def _check_location(origin: Any) -> Iterator[Finding]:
    target = getattr(origin, "loadable_target_origin", None)
    subject = f"location {origin.location_name}"
    if target is None:
        yield Finding(subject, "ok", "served by another process; not looked into")
        return
    from beaf_dagster.private import get_loadable_targets

    try:
        loaded = get_loadable_targets(
            python_file=target.python_file,
            module_name=target.module_name,
            package_name=target.package_name,
            autoload_defs_module_name=target.autoload_defs_module_name,
            working_directory=target.working_directory,
            attribute=target.attribute,
            resolve_lazy_defs=True,
        )
    except Exception as error:  # noqa: BLE001 — a person's own code may raise anything
        yield Finding(subject, "fail", f"does not load: {_first(error)}", "mend its definitions")
        return
    for each in loaded:
        if isinstance(each.target_definition, dg.Definitions):
            yield from check_definitions(each.target_definition, subject)


def check_definitions(definitions: dg.Definitions, subject: str) -> Iterator[Finding]:
    """Look at loaded definitions: are they sound, what is broken, what is too large?"""
    try:
        dg.Definitions.validate_loadable(definitions)
    except Exception as error:  # noqa: BLE001 — as above
        yield Finding(subject, "fail", _first(error), "mend its definitions")
        return
    specs = list(definitions.resolve_all_asset_specs())
    yield Finding(subject, "ok", f"{len(specs)} assets")
    yield from _broken(specs)
    yield _sizes(specs, subject)


def _broken(specs: list[dg.AssetSpec]) -> Iterator[Finding]:
    for each in specs:
        fault = _text(each.metadata, "beaf/fault")
        if fault:
            name = f"pipeline {each.key.to_user_string()}"
            yield Finding(name, "fail", fault, "mend it; the others load without it")


def _text(metadata: Mapping[str, Any], key: str) -> str | None:
    value = metadata.get(key)
    return None if value is None else str(getattr(value, "value", value))


def _sizes(specs: list[dg.AssetSpec], subject: str) -> Finding:
    sizes = {each.key.to_user_string(): _size(each.partitions_def) for each in specs}
    largest = max(sizes, key=lambda key: sizes[key], default=None)
    if largest is None:
        return Finding(f"{subject}: partitions", "ok", "none")
    text = f"at most {sizes[largest]:,} of one asset ({largest})"
    if sizes[largest] <= ADVISED:
        return Finding(f"{subject}: partitions", "ok", text)
    return Finding(
        f"{subject}: partitions",
        "warn",
        f"{text}; {ADVISED:,} is what Dagster's pages are good for",
        "cut dates coarser (BATCH_FREQ: M), begin later, or list fewer universes",
    )


def _size(definition: dg.PartitionsDefinition[Any] | None) -> int:
    """Count partitions without listing their product."""
    if definition is None:
        return 0
    if isinstance(definition, dg.MultiPartitionsDefinition):
        size = 1
        for each in definition.partitions_defs:
            size *= _size(each.partitions_def)
        return size
    if isinstance(definition, dg.DynamicPartitionsDefinition):
        return 1
    return definition.get_num_partitions()


def _first(error: BaseException) -> str:
    """Tell the innermost cause in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip() or type(error).__name__).splitlines()[0]
