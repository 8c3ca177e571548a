"""How do pipelines become the definitions of a code location?"""

from __future__ import annotations

from typing import Any

import dagster as dg

from beaf_dagster.assets.build import build_assets


def build_definitions(pkg: Any = "demo") -> dg.Definitions:
    """Make assets, jobs, schedules, sensors, checks and resources of pipelines."""
    return dg.Definitions(assets=build_assets(pkg))
