"""What does a workspace find that points at `beaf_dagster.definitions`?"""

from __future__ import annotations

from beaf_dagster.build import build_definitions

defs = build_definitions()
