"""Which options do several commands share?"""

from __future__ import annotations

import click

#: The folder of the instance.
HOME = click.option("--dagster_home", help="The folder of the instance; DAGSTER_HOME by default.")
#: What a program reads.
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
#: Whose assets an event log is kept for.
PIPELINES = click.option(
    "--pipeline",
    "--pipelines",
    "-p",
    "pipelines",
    multiple=True,
    metavar="PATH",
    help="A pipeline's file, a folder or a package; may be given several times. By default those "
    "of BEAF_PIPELINES, or of the project in the working directory.",
)
#: How keys of input tables begin.
ASSET_KEY_PREFIX = click.option(
    "--asset_key_prefix", default="BMLL", show_default=True, help="Of input tables."
)
