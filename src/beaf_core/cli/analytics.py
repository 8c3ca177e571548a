"""`beaf analytics`: which columns do modules compute?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from beaf_core.cli.group import BeafGroup
from beaf_core.cli.options import json_option, optional_pipeline
from beaf_core.cli.screen import narrate, print_json, print_table
from beaf_core.model.errors import BeafError

if TYPE_CHECKING:
    from beaf_core.model.module import Measure


@click.group("analytics", cls=BeafGroup)
def analytics() -> None:
    """List the columns that modules compute."""


@analytics.command("list")
@optional_pipeline
@click.option("--module", help="Only this module.")
@json_option
def list_measures(path: str | None, sets: Sequence[str], module: str | None, as_json: bool) -> None:
    """List columns with unit, inputs and meaning; without a pipeline, of each module's defaults."""
    found = _of_pipeline(path, sets) if path else _of_modules()
    rows = [
        _row(pass_name, name, measure)
        for pass_name, name, measure in found
        if module is None or name == module
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        "",
        ("pass", "module", "column", "unit", "needs", "meaning"),
        [
            (r["pass"], r["module"], r["column"], r["unit"], " ".join(r["needs"]), r["doc"])
            for r in rows
        ],
    )


def _row(pass_name: str | None, module: str, measure: Measure) -> dict[str, Any]:
    return {
        "pass": pass_name,
        "module": module,
        "column": measure.name,
        "unit": measure.unit,
        "table": measure.table,
        "needs": list(measure.columns),
        "formula": measure.formula,
        "doc": measure.doc,
        "source": measure.source,
        "reaggregation": measure.reaggregation,
        "version": measure.version,
    }


def _of_pipeline(path: str, sets: Sequence[str]) -> Iterator[tuple[str | None, str, Measure]]:
    from beaf_core.run import prepare_pipeline

    for resolved in prepare_pipeline(path, sets=sets).resolved.passes:
        for each in resolved.modules:
            for measure in (*map(_key, each.keys or ()), *each.measures):
                yield resolved.name, each.module.name, measure


def _key(name: str) -> Measure:
    """Describe a key that a module's rows have in place of ListingId and TimeBucket."""
    from beaf_core.model.module import Measure

    return Measure(name, "", None, unit="key", doc="Tells the rows apart.", formula=name)


def _of_modules() -> Iterator[tuple[str | None, str, Measure]]:
    from beaf_core.plugins.declarations import measures_of
    from beaf_core.plugins.host import PluginHost

    host = PluginHost()
    for name in host.catalog.names("module"):
        try:
            module = host.analytics_module(name)
            options = module.Config() if module.Config else None
            measures = measures_of(host.catalog.find("module", name), module, options)
        except (BeafError, ValueError) as error:
            narrate(f"warning: {error}")
            continue
        for measure in measures:
            yield None, name, measure
