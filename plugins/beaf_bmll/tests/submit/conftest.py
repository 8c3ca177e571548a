"""What do the tests of submissions share? Servers whose machines do nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from beaf_bmll.sdk import transport
from beaf_bmll.testing import Emulator
from beaf_bmll.testing.plugin import lead_sdk_here


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Servers, to which the vendor's package is led; nobody waits before asking again."""
    folder = tmp_path_factory.mktemp("bmll")
    with pytest.MonkeyPatch.context() as patch, Emulator(folder, start_machines=False) as servers:
        for name, value in servers.environment.items():
            patch.setenv(name, value)
        patch.delenv("BMLL_BASE_URL", raising=False)
        patch.setattr(transport, "PAUSE", 0.0)
        lead_sdk_here()
        yield servers
    assert servers.violations == []
