"""Which fixtures does every suite get that has beaf-core installed? The pytest plugin `beaf`.

Every pytest run on the machine imports this module, so it imports nothing: polars alone would
cost each of them half a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from beaf_core import PluginHost, Reference


@pytest.fixture(scope="session")
def beaf_market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny market, as the source `parquet` reads it. Read it only."""
    from beaf_core.testing.market import write_market

    return write_market(tmp_path_factory.mktemp("beaf_market"))


@pytest.fixture
def beaf_reference() -> Reference:
    """The tiny market's reference, as a source answers it to a universe."""
    from beaf_core.testing.market import tiny_reference

    return tiny_reference


@pytest.fixture
def beaf_host() -> PluginHost:
    """A fresh host over the installed plugins, none of them loaded."""
    from beaf_core import PluginHost

    return PluginHost()


@pytest.fixture
def beaf_host_with() -> Callable[..., PluginHost]:
    """Make a host that also knows objects at hand: `beaf_host_with(universe={"acme": module})`."""
    from beaf_core.testing.subject import host_with

    return host_with
