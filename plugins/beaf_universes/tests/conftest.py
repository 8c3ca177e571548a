"""Which markets answer the universes under test? The simulated one, and files."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import shared_data

from beaf_core import PluginHost, Reference
from beaf_core.engine.planning.reference import SourceReference

__all__ = ["shared_data"]

SIMULATED_DAY = "2026-02-02"


@pytest.fixture(scope="session")
def simulated() -> Reference:
    """The reference of the simulated market."""
    return SourceReference(PluginHost(), "simulated", None, {})


def parquet_reference(root: Path) -> Reference:
    """The reference of a folder of parquet files."""
    host = PluginHost()
    model = host.config_model("source", "parquet")
    assert model is not None
    options = model.model_validate({"type": "parquet", "root": str(root)})
    return SourceReference(host, "parquet", options, {})
